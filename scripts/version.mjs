// After `changeset version`: the version in the code, and in the lock file.
import { readFileSync, writeFileSync } from "node:fs";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));
replaceIn("src/runtime/version.ts", /VERSION = "[^"]+"/, `VERSION = "${version}"`);
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
lock.version = version;
lock.packages[""].version = version;
writeFileSync("package-lock.json", `${JSON.stringify(lock, undefined, 2)}\n`);

function replaceIn(file, pattern, text) {
  const before = readFileSync(file, "utf8");
  if (!pattern.test(before)) throw new Error(`${file} has no version`);
  writeFileSync(file, before.replace(pattern, text));
}

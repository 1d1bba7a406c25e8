// The package under another name: after one command a copy of the project builds, type-checks, packs and runs under
// it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const NAME = "@scope/failfast";
const root = fileURLToPath(new URL("../../", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "failfast-rename-"));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
const run = (command, args) =>
  execFileSync(command, args, { cwd: copy, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const node = (...args) => run(process.execPath, args);

const tracked = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
});
execFileSync("sh", ["-c", `tar --null -T - -cf - | tar -xf - -C "${copy}"`], { cwd: root, input: tracked });
symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
run("git", ["init", "--quiet"]);
run("git", ["add", "--all"]);

console.log(node("scripts/rename.mjs", NAME).trim());
const { name } = JSON.parse(readFileSync(join(copy, "package.json"), "utf8"));
assert.equal(name, NAME);
node("scripts/build.mjs");
node("scripts/types.mjs");
node("scripts/snippets.mjs");
assert.match(node("examples/first.mjs"), /circuit "sales_api" is open/);
assert.match(node("examples/two-processes.mjs"), /second process: circuit "sales_api" is open/);
const [{ filename, files }] = Object.values(
  JSON.parse(run("npm", ["pack", "--json", "--dry-run", "--ignore-scripts"])),
);
assert.match(filename, /scope-failfast-/);
assert.ok(files.length > 100);

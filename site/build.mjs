// Builds the documentation site into site/dist: `npm run docs`, in the root. Its tools are installed here when they are
// first needed; the package must be built, because one page runs it.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
install();
const { PAGES, stage } = await import("./stage.mjs");
const { writeReference } = await import("./reference.mjs");
const { writeLlms } = await import("./llms.mjs");
const { menuOf } = await import("./navigation.mjs");
const pages = stage();
const menu = menuOf(pages);
writeFileSync(join(PAGES, "menu.json"), JSON.stringify(menu));
await writeReference();
const { build } = await import("vitepress");
await build(here);
writeLlms(pages, menu, join(here, "dist"));
console.log(`${pages.size} pages and the reference: site/dist`);

/** Once for each lock file. */
function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(here, "package-lock.json")))
    .digest("hex");
  const mark = join(here, "node_modules/.installed");
  if (existsSync(mark) && readFileSync(mark, "utf8") === lock) return;
  const { status } = spawnSync("npm", ["ci", "--prefer-offline"], { cwd: here, stdio: "inherit" });
  if (status !== 0) throw new Error("the tools of the site can't be installed here");
  writeFileSync(mark, lock);
}

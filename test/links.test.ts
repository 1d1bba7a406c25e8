// Every relative link of the documents leads to an existing file, every anchor to a heading, and every path in backticks
// to a file.
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));
const pages = globSync(["*.md", "{docs,examples,assets,.github}/**/*.md"], {
  cwd: root,
  exclude: ["**/node_modules/**"],
}).sort();
const CODE = /^([ \t]*)(```|~~~)[\s\S]*?^\1\2[ \t]*$|`[^`\n]+`/gm;
const LINK =
  /!?\[(?:[^\]\\]|\\.)*\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|<(?:img|a)\s[^>]*?(?:src|href)="([^"]+)"/g;

/** GitHub's anchor of a heading; a second one with the same words gets a number. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  const headings = text.replace(/^([ \t]*)(```|~~~)[\s\S]*?^\1\2[ \t]*$/gm, "");
  for (const [, title = ""] of headings.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "").replaceAll(" ", "-");
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  for (const [, id = ""] of text.matchAll(/\bid="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

/** The broken links of a page. */
function broken(page: string): string[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.replace(CODE, "").matchAll(LINK)]
    .map(([, link, source]) => link ?? source ?? "")
    .filter((link) => !/^[a-z][a-z+.-]*:/i.test(link))
    .filter((link) => !leads(page, decodeURI(link)));
}

function leads(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : normalize(join(dirname(page), path));
  const file = join(root, target);
  if (target.startsWith("..") || !existsSync(file)) return false;
  if (anchor === undefined || anchor === "") return true;
  return statSync(file).isFile() && anchorsOf(readFileSync(file, "utf8")).has(anchor);
}

test("the documents are found", () => {
  expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/stores.md", "docs/stores/redis.md"]));
});

test.each(pages)("the links of %s lead somewhere", (page) => {
  expect(broken(page)).toEqual([]);
});

/** Folders whose files the documents name in backticks; the tour and the architecture name those of `src` without it. */
const NAMED = /`((?:src|test|verification|bench|scripts|examples|assets|api)\/[\w./-]*[\w/])`/g;
const ROOMS = globSync("src/*/", { cwd: root }).map((room) => room.slice("src/".length));
const IN_ROOMS = new RegExp(`\`((?:reducer|${ROOMS.join("|")})\\/[\\w./-]*\\.ts)\``, "g");

test.each(pages)("the files that %s names exist", (page) => {
  const text = readFileSync(join(root, page), "utf8").replaceAll(/\bNAME\.ts\b/g, "");
  const named = [...text.matchAll(NAMED)].map(([, path = ""]) => path);
  const inRooms = [...text.matchAll(IN_ROOMS)].map(([, path = ""]) =>
    path.startsWith("reducer/") ? `src/breaker/${path}` : `src/${path}`,
  );
  const missing = [...named, ...inRooms].filter((path) => !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});

test("a heading gets the anchor that GitHub gives it", () => {
  const page = "# What `it` does: [a link](x.md)\n## Twice\n## Twice\n```sh\n# no heading\n```\n";
  expect([...anchorsOf(page)]).toEqual(["what-it-does-a-link", "twice", "twice-1"]);
});

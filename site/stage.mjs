// The documents as pages of the site: the same files at shorter addresses, with links between them. A link to a file
// that is no document leads to a page that shows the file.
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, extname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
export const PAGES = fileURLToPath(new URL(".pages/", import.meta.url));
const PROJECT = ["README", "ARCHITECTURE", "CHANGELOG", "CONTRIBUTING", "SECURITY"];
const LANGUAGES = { ".mjs": "js", ".cjs": "js", ".yml": "yaml" };
const FENCED = /(^[ \t]*```[\s\S]*?^[ \t]*```[ \t]*$|`[^`\n]+`)/m;

/** Writes all pages, and gives their addresses with the texts. */
export function stage() {
  rmSync(PAGES, { recursive: true, force: true });
  cpSync(join(root, "docs"), PAGES, { recursive: true, filter: (file) => extname(file) !== ".md" });
  const pages = new Map();
  const shown = new Set();
  const documents = [...globSync("docs/**/*.md", { cwd: root }), ...PROJECT.map((name) => `${name}.md`)];
  for (const file of documents) {
    const text = rewritten(file, readFileSync(join(root, file), "utf8"), shown);
    pages.set(pageOf(file), text);
  }
  for (const file of shown) pages.set(pageOf(file), listing(file, shown));
  pages.set("index.md", readFileSync(new URL("home.md", import.meta.url), "utf8"));
  for (const [page, text] of pages) {
    const target = join(PAGES, page);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
  return pages;
}

/** The page for a file or folder of the project. */
function pageOf(file) {
  const project = PROJECT.find((name) => file === `${name}.md`);
  if (project) return `project/${project.toLowerCase()}.md`;
  const document = /^docs\/(.+\.(?:md|png|svg))$/.exec(file)?.[1];
  if (document) return document.replace(/README\.md$/, "index.md");
  // The last ".md" of an address is removed, and folders with a dot are skipped.
  const visible = file.replace(/(^|\/)\./g, "$1");
  if (file.endsWith(".md")) return `source/${visible.replace(/\.md$/, "-md")}.md`;
  return statSync(join(root, file)).isDirectory() ? `source/${visible}/index.md` : `source/${visible}.md`;
}

function rewritten(file, text, shown) {
  const page = pageOf(file);
  const link = (whole, before, target, after) => {
    if (/^([a-z]+:|#)/.test(target)) return whole;
    const [path, anchor] = target.split("#");
    const found = posix.join(posix.dirname(file), path).replace(/\/$/, "");
    if (!existsSync(join(root, found))) throw new Error(`${file}: there is no ${target}`);
    const to = pageOf(found);
    if (to.startsWith("source/")) shown.add(found);
    const relative = posix.relative(posix.dirname(page), to);
    // Vite takes a path without a leading dot for a package.
    const address = relative.startsWith(".") ? relative : `./${relative}`;
    return `${before}${address}${anchor ? `#${anchor}` : ""}${after}`;
  };
  // Code stays as it is.
  return text
    .split(FENCED)
    .map((part, at) =>
      at % 2 === 1
        ? part
        : part.replace(/(\]\()([^)\s]+)(\))/g, link).replace(/(<img[^>]* src=")(?=\w+\/)/g, "$1./"),
    )
    .join("");
}

/** A document as it is, with its neighbours; a file as its code; a folder as its list of files. */
function listing(file, shown) {
  const path = join(root, file);
  const text = () => readFileSync(path, "utf8");
  if (file.endsWith("README.md")) return rewritten(file, text(), shown) + filesOf(dirname(file), file, shown);
  if (file.endsWith(".md")) return rewritten(file, text(), shown);
  const title = `---\nsearch: false\n---\n\n# \`${file}\`\n\n`;
  if (statSync(path).isDirectory()) return title + filesOf(file, file, shown);
  const extension = extname(file);
  return `${title}\`\`\`\`${LANGUAGES[extension] ?? extension.slice(1)}\n${text()}\`\`\`\`\n`;
}

/** Links to the files of a folder, without the page itself. */
function filesOf(folder, from, shown) {
  const isShown = (name) =>
    !name.startsWith(".") && statSync(join(root, folder, name)).isFile() && `${folder}/${name}` !== from;
  const links = readdirSync(join(root, folder))
    .filter(isShown)
    .map((name) => {
      shown.add(`${folder}/${name}`);
      const to = pageOf(`${folder}/${name}`);
      return `- [${name}](./${posix.relative(posix.dirname(pageOf(from)), to)})\n`;
    });
  return `\n## Files\n\n${links.join("")}`;
}

// Type-checks the code of the documents: each block of TypeScript strictly, each of JavaScript loosely, against what
// was built. A block that says "fragment" after its language is no whole statement, and is left out. What a block
// uses and does not declare comes from the page's earlier imports, from the package's own exports, or from
// scripts/snippets.d.ts. Build first.
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { subpaths } from "./exports.mjs";

const FOLDER = "build/snippets";
const BLOCK = /^([ \t]*)```(ts|js)\b([^\n]*)\n([\s\S]*?)^\1```[ \t]*$/gm;
const IMPORT = /^import\s+[^"';]*?\sfrom\s+"[^."][^"]*";/gm;

rmSync(FOLDER, { recursive: true, force: true });
const pages = globSync(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/**/*.md"]).sort();
const blocks = pages.flatMap(blocksOf);
for (const block of blocks) write(block);
await writeExports();
cpSync("scripts/snippets.d.ts", join(FOLDER, "names.d.ts"));
// The page about testing shows test files beside the file they test.
cpSync("examples/testing/sales.mjs", join(FOLDER, "docs/sales.mjs"));
cpSync("examples/testing/sales.cjs", join(FOLDER, "docs/sales.cjs"));
const failed = ["ts", "js"].map(check).some((ok) => !ok);
const left = blocks.filter(({ fragment }) => fragment).length;
console.log(
  `${blocks.length - left} blocks of code in ${pages.length} documents type-checked, ${left} fragments left out`,
);
process.exitCode = failed ? 1 : 0;

function blocksOf(page) {
  const text = readFileSync(page, "utf8");
  const earlier = new Set();
  return [...text.matchAll(BLOCK)].map(({ 2: language, 3: info, 4: code, index }) => {
    const line = text.slice(0, index).split("\n").length;
    const imports = [...earlier].filter((each) => isWanted(each, code));
    for (const each of code.match(IMPORT) ?? []) earlier.add(each);
    return { page, line, language, code, imports, fragment: /\bfragment\b/.test(info) };
  });
}

/** Whether a block uses a name of an earlier import without declaring it. */
function isWanted(imported, code) {
  const names = imported.replace(/from.*/s, "").match(/\w+(?=\s*[,}]|\s*$)/g) ?? [];
  const declares = (name) =>
    new RegExp(`(?:import|const|let|class|function)\\s[^=;"]*\\b${name}\\b`).test(code);
  return names.some((name) => new RegExp(`\\b${name}\\b`).test(code)) && !names.some(declares);
}

/** A file for each block, with every line where the page has it. */
function write({ page, line, language, code, imports, fragment }) {
  if (fragment) return;
  const commonjs = language === "js" && /\brequire\(/.test(code) && !code.includes("import ");
  const file = join(FOLDER, `${page}.${line}.${commonjs ? "cjs" : `m${language}`}`);
  mkdirSync(join(file, ".."), { recursive: true });
  const asModule = commonjs ? "" : "export {}; ";
  writeFileSync(
    file,
    asModule +
      imports.join(" ").replaceAll("\n", " ") +
      "\n".repeat(line) +
      withoutDots(withoutDefaults(code)),
  );
}

/** Three dots stand for the reader's own code. */
function withoutDots(code) {
  return code.replaceAll("{ … }", "{ throw anything; }").replaceAll("(…)", "()").replace(/…/g, "anything");
}

/** JavaScript can't say that a default is more than a string. */
function withoutDefaults(code) {
  return code.replace(/\btime = ("\w+")/g, "time = /** @type {any} */ ($1)");
}

/** The package's exports, as names that exist without an import. */
async function writeExports() {
  const names = new Map();
  for (const { specifier, file } of subpaths)
    for (const name of Object.keys(await import(`../${file.replace("./", "")}`)))
      names.set(name, [...(names.get(name) ?? []), specifier]);
  const lines = [...names].filter(([name]) => name !== "default" && name !== "module.exports");
  // A type import that is no type does no harm.
  const declared = lines.flatMap(([name, [first]]) => [
    `  const ${name}: typeof import("${first}").${name};`,
    `  type ${name} = import("${first}").${name};`,
  ]);
  writeFileSync(join(FOLDER, "exports.d.ts"), `export {};\ndeclare global {\n${declared.join("\n")}\n}\n`);
}

function check(language) {
  const compilerOptions = {
    ...{ target: "es2024", lib: ["es2024", "esnext"], module: "nodenext", noEmit: true, skipLibCheck: true },
    ...{ types: ["node"], allowJs: language === "js", checkJs: language === "js", strict: language === "ts" },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
  };
  const include = language === "js" ? ["**/*.mjs", "**/*.cjs", "*.d.ts"] : ["**/*.mts", "*.d.ts"];
  const project = join(FOLDER, `tsconfig.${language}.json`);
  writeFileSync(project, JSON.stringify({ compilerOptions, include }));
  const { stdout } = spawnSync(
    process.execPath,
    ["node_modules/typescript/bin/tsc", "-p", project, "--pretty", "false"],
    { encoding: "utf8" },
  );
  // In JavaScript a thrown value may have any property. docs/x.md.12.mjs(20,3) is line 20 of docs/x.md.
  const errors = stdout
    .split(/^(?=\S)/m)
    .filter((error) => language === "ts" || !/TS2339.*'unknown'/.test(error));
  for (const error of errors)
    process.stdout.write(error.replace(/^\S*?snippets\/(\S+?\.md)\.\d+\.\w+\((\d+),\d+\)/, "$1:$2"));
  return errors.every((error) => error.trim() === "");
}

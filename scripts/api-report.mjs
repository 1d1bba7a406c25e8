// The public types, each subpath's, as one page for review: node scripts/api-report.mjs compares with api/failfast.api.md
// and shows what changed; with --write it writes that page. Build first.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
// TypeScript's API is in its last version that is written in JavaScript.
import ts from "typescript-6";
import { subpaths } from "./exports.mjs";

const PAGE = "api/failfast.api.md";
const own = resolve("build");
const entries = subpaths.map(({ specifier, file }) => ({
  specifier,
  types: resolve(file.replace("./dist/", "build/").replace(/\.js$/, ".d.ts")),
}));
const program = ts.createProgram(
  entries.map(({ types }) => types),
  {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    noEmit: true,
    types: ["node"],
  },
);
const checker = program.getTypeChecker();
const printer = ts.createPrinter({ removeComments: true });
const exported = new Map(entries.map(({ specifier, types }) => [specifier, exportsOf(types)]));
const named = new Set([...exported.values()].flat());
const shown = new Map();

const page = [
  "# The public types",
  "",
  "Written by `npm run api -- --write`, and compared by `make test`: a change here is a change for users.",
];
for (const [specifier, symbols] of exported) {
  page.push("", `## ${specifier}`, "", "```ts", ...symbols.map((symbol) => show(symbol, specifier)), "```");
  const reached = [...reachedFrom(symbols)].filter((symbol) => !shown.has(symbol));
  if (reached.length === 0) continue;
  page.push("", "Reached through these, and not exported:", "", "```ts");
  page.push(...reached.map((symbol) => show(symbol, specifier)), "```");
}
report(`${page.join("\n")}\n`);

function exportsOf(file) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(file));
  const symbols = checker.getExportsOfModule(module).map(resolved);
  return symbols.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function resolved(symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function declarationsOf(symbol) {
  return (symbol.declarations ?? []).map((node) =>
    // `export const x: T` is declared inside its statement.
    ts.isVariableDeclaration(node) ? node.parent.parent : node,
  );
}

function show(symbol, specifier) {
  if (shown.has(symbol)) return `// ${symbol.name}: see ${shown.get(symbol)}`;
  shown.set(symbol, specifier);
  return declarationsOf(symbol)
    .map((node) => printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()))
    .map((text) => text.replace(/^export (default )?/, "").replace(/^declare /, ""))
    .join("\n");
}

/** The types that our declarations mention, and the types that those mention. */
function reachedFrom(symbols, found = new Set()) {
  for (const declaration of symbols.flatMap(declarationsOf)) visit(declaration);
  return found;

  function visit(node) {
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      if (symbol !== undefined) meet(resolved(symbol));
    }
    ts.forEachChild(node, visit);
  }

  function meet(symbol) {
    const [declaration] = symbol.declarations ?? [];
    const ofOurs = declaration?.getSourceFile().fileName.startsWith(own);
    const ofModule = declaration !== undefined && isTopLevel(declaration);
    if (!ofOurs || !ofModule || named.has(symbol) || found.has(symbol)) return;
    found.add(symbol);
    reachedFrom([symbol], found);
  }
}

function isTopLevel(declaration) {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return ts.isSourceFile(statement.parent) && !ts.isImportDeclaration(statement);
}

function report(text) {
  if (process.argv.includes("--write")) {
    writeFileSync(PAGE, text);
    return;
  }
  if (text === readFileSync(PAGE, "utf8")) return;
  const now = join(tmpdir(), "failfast.api.md");
  writeFileSync(now, text);
  spawnSync("git", ["--no-pager", "diff", "--no-index", "--stat=100", "-p", PAGE, now], { stdio: "inherit" });
  rmSync(now);
  console.error(
    `\nThe public types are no longer those of ${PAGE}. If that is meant: npm run api -- --write`,
  );
  process.exitCode = 1;
}

// Packs the package, installs it in an empty project, and uses it as its users do.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../build/runtime/version.js";
import { subpaths } from "../../scripts/exports.mjs";
import { pack } from "./pack.mjs";

const isNamed = (name) => name !== "default";
const root = fileURLToPath(new URL("../../", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "failfast-package-"));
process.on("exit", () => rmSync(project, { recursive: true, force: true }));
const run = (command, args, cwd = project) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

assert.equal(manifest.dependencies, undefined, "the core depends on nothing");
for (const script of ["preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare"])
  assert.equal(manifest.scripts[script], undefined, `nothing runs where it is installed: ${script}`);
for (const { subpath, file, commonjs } of subpaths) {
  for (const each of [file, commonjs]) {
    assert.ok(existsSync(join(root, each)), `${subpath} is there`);
    assert.ok(existsSync(join(root, each.replace(/\.js$/, ".d.ts"))), `${subpath} has types`);
  }
}
assert.equal(VERSION, manifest.version, "the version in src/runtime/version.ts");
// Every built store can be imported: by a subpath of its own, or from the core.
const core = await import(join(root, "dist/index.js"));
for (const file of readdirSync(join(root, "build/stores")).filter((name) => name.endsWith(".js"))) {
  if (subpaths.some((each) => each.file === `./dist/stores/${file}`)) continue;
  const makers = Object.keys(await import(join(root, "build/stores", file)));
  for (const name of makers.filter((each) => each.endsWith("Store")))
    assert.equal(typeof core[name], "function", `${name} of ${file} can be imported`);
}
// Exports have the same names in ES modules and CommonJS as in the source, because frameworks and logs recognise
// classes by name.
for (const { file, commonjs } of subpaths) {
  const source = await import(join(root, file.replace("./dist/", "build/")));
  for (const each of [file, commonjs]) {
    const { default: _, "module.exports": __, ...shipped } = await import(join(root, each));
    assert.deepEqual(Object.keys(shipped).sort(), Object.keys(source).filter(isNamed).sort(), each);
    for (const [name, value] of Object.entries(shipped))
      assert.equal(value.name, source[name].name, `${name} of ${each}`);
  }
}
// A debugger shows every source that a map names: it is in the map, or in the package.
for (const name of readdirSync(join(root, "dist"), { recursive: true }).filter((each) =>
  each.endsWith(".js.map"),
)) {
  const map = JSON.parse(readFileSync(join(root, "dist", name), "utf8"));
  for (const [at, source] of map.sources.entries()) {
    const file = resolve(root, "dist", dirname(name), source);
    const shipped = relative(root, file).startsWith("src/") && existsSync(file);
    assert.ok(map.sourcesContent?.[at] || shipped, `${name} has no ${source}`);
  }
}
run(process.execPath, [join(root, "node_modules/publint/src/cli.js"), root, "--pack", "false"], root);

// Modules that the core's entry reaches, none of which is Node's, and those that are read at once.
function reached(pattern) {
  const seen = new Set();
  (function follow(file) {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, from] of readFileSync(file, "utf8").matchAll(pattern)) {
      assert.ok(from.startsWith("."), `${relative(root, file)} imports ${from}`);
      follow(resolve(dirname(file), from));
    }
  })(join(root, "dist/index.js"));
  return seen.size;
}
const inAll = reached(/(?:from |^import |\bimport\()"([^"]+)"/gm);
const atOnce = reached(/(?:from |^import )"([^"]+)"/gm);
assert.ok(atOnce <= 4, `an import of the core reads ${atOnce} files: time at the start of every process`);

const tarball = pack(project);
writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
run("npm", ["install", "--prefer-offline", "--legacy-peer-deps", "--no-audit", "--no-fund", tarball]);
const installed = join(project, "node_modules/failfast");
assert.ok(existsSync(join(installed, "examples/demo/demo.mjs")), "what the command `demo` runs is there");
assert.equal(run("npx", ["failfast", "--version"]).trim(), VERSION, "the command runs where it is installed");
assert.ok(
  !readdirSync(join(installed, "src"), { recursive: true }).some((name) => String(name).includes(".test.")),
);

// Each subpath alone, and the core in use: with nothing else installed, then beside Nest, which one subpath is for,
// and with Node's types, which opossum's class needs for its event emitter.
const subpathNames = subpaths.map(({ specifier }) => specifier);
const takesTypes = ["failfast/nest", "failfast/opossum"];
use(subpathNames.filter((name) => !takesTypes.includes(name)));
for (const name of ["@nestjs", "@types", "rxjs", "reflect-metadata"])
  symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name));
use(["failfast", ...takesTypes], ["--types", "node"]);

// Another copy of the package in the same process, and another version.
for (const name of ["failfast-copy", "failfast-newer"])
  cpSync(installed, join(project, "node_modules", name), { recursive: true });
for (const file of filesIn(join(project, "node_modules/failfast-newer/dist"))) {
  const text = readFileSync(file, "utf8");
  const renamed = text.replaceAll(`VERSION = "${manifest.version}"`, 'VERSION = "99.0.0"');
  if (renamed !== text) writeFileSync(file, renamed);
}
cpSync(join(root, "test/package/copies.mjs"), join(project, "copies.mjs"));
run(process.execPath, ["copies.mjs"]);

// A TypeScript project that is CommonJS, as TypeScript 5.9, 6 and 7 compile it.
writeFileSync(
  join(project, "commonjs.cts"),
  `import { createFailfast, failfast, type Circuit, FailfastError, memoryStore } from "failfast";
import { failfastFetch } from "failfast/fetch";
import { redisStore } from "failfast/redis";
const salesApi: Circuit = failfast("sales_api", 60, { store: memoryStore() });
void salesApi.run(() => 1).then((one: number) => {
  if (one !== 1 || typeof failfastFetch !== "function" || typeof redisStore !== "function") throw new Error("wrong");
});
if (new FailfastError({ circuit: "x", state: "open", retryAfterMs: 1 }).status !== 503) throw new Error("wrong");
if (typeof require !== "function" || createFailfast() === failfast) throw new Error("not CommonJS");
`,
);
for (const typescript of ["typescript-5.9", "typescript-6", "typescript"]) {
  const flags = ["--strict", "--skipLibCheck", "false", "--target", "es2022", "--types", "node"];
  const tsc = join(root, "node_modules", typescript, "bin/tsc");
  run(process.execPath, [tsc, ...flags, "--module", "node16", "commonjs.cts"]);
  run(process.execPath, ["commonjs.cjs"]);
}

// Projects that resolve types as TypeScript did before packages had `exports`, as older Nest projects do.
const old = subpathNames.map((name, at) => `import * as s${at} from "${name}";\nvoid s${at};`);
writeFileSync(join(project, "old.ts"), old.join("\n"));
run(process.execPath, [
  join(root, "node_modules/typescript-5.9/bin/tsc"),
  ...["--noEmit", "--strict", "--target", "es2022", "--module", "commonjs", "--moduleResolution", "node10"],
  ...["--skipLibCheck", "--types", "node", "old.ts"],
]);

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function use(names, types = []) {
  const use = `
const circuit = core.failfast("x", 60);
await circuit.trip();
const error = await circuit.run(() => 1).catch((error) => error);
if (!core.isFailfastError(error) || Object(error).status !== 503) throw new Error("not rejected");
for (const [name, subpath] of Object.entries({ ${names.map((name, at) => `"${name}": ${at === 0 ? "core" : `s${at}`}`).join(", ")} }))
  if (!Object.values(subpath).some((value) => typeof value === "function")) throw new Error(name + " is empty");
`;
  const imports = names
    .map((name, at) => `import * as ${at === 0 ? "core" : `s${at}`} from "${name}";`)
    .join("\n");
  const requires = names
    .map((name, at) => `const ${at === 0 ? "core" : `s${at}`} = require("${name}");`)
    .join("\n");
  writeFileSync(join(project, "use.mjs"), imports + use);
  writeFileSync(join(project, "use.cjs"), `${requires}\n(async () => {${use}})();`);
  writeFileSync(join(project, "use.ts"), imports + use.replace(/\(error\) =>/, "(error: unknown) => "));
  run(process.execPath, ["use.mjs"]);
  run(process.execPath, ["use.cjs"]);

  for (const module of [
    ["--module", "nodenext"],
    ["--module", "esnext", "--moduleResolution", "bundler"],
  ]) {
    mkdirSync(join(project, "out"), { recursive: true });
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const flags = [
      "--strict",
      "--skipLibCheck",
      "false",
      "--target",
      "es2022",
      "--ignoreConfig",
      ...types,
      "--outDir",
      "out",
    ];
    run(process.execPath, [tsc, ...flags, ...module, "use.ts"]);
    run(process.execPath, ["out/use.js"]);
  }
}
console.log(
  `the package: ${inAll} files in the core, none of them Node's; works from ESM, CommonJS and TypeScript`,
);

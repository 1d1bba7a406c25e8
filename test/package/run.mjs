// Packs the package, installs it in an empty project, and uses it as its users do.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
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

const root = fileURLToPath(new URL("../../", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "failfast-package-"));
process.on("exit", () => rmSync(project, { recursive: true, force: true }));
const run = (command, args, cwd = project) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

assert.equal(manifest.dependencies, undefined, "the core depends on nothing");
for (const [subpath, file] of Object.entries(manifest.exports)) {
  if (subpath === "./package.json") continue;
  assert.ok(existsSync(join(root, file)), `${subpath} is there`);
  assert.ok(existsSync(join(root, file.replace(/\.js$/, ".d.ts"))), `${subpath} has types`);
}
// Every store that was built can be imported: by a subpath of its own, or from the core.
const core = await import(join(root, manifest.exports["."]));
for (const file of readdirSync(join(root, "build/stores")).filter((name) => name.endsWith(".js"))) {
  if (Object.values(manifest.exports).includes(`./dist/stores/${file}`)) continue;
  const makers = Object.keys(await import(join(root, "build/stores", file)));
  for (const name of makers.filter((each) => each.endsWith("Store")))
    assert.equal(typeof core[name], "function", `${name} of ${file} can be imported`);
}
// What is exported has the name it has in the source: frameworks and logs tell classes by theirs.
for (const file of Object.values(manifest.exports).filter((each) => each.endsWith(".js"))) {
  const source = await import(join(root, file.replace("./dist/", "build/")));
  for (const [name, value] of Object.entries(await import(join(root, file))))
    assert.equal(value.name, source[name].name, `${name} of ${file}`);
}
run(process.execPath, [join(root, "node_modules/publint/src/cli.js"), root, "--pack", "false"], root);

// What the core's entry reaches, and which of it is Node's.
const seen = new Set();
(function follow(file) {
  if (seen.has(file)) return;
  seen.add(file);
  for (const [, from] of readFileSync(file, "utf8").matchAll(/(?:from |^import |\bimport\()"([^"]+)"/gm)) {
    assert.ok(from.startsWith("."), `${relative(root, file)} imports ${from}`);
    follow(resolve(dirname(file), from));
  }
})(join(root, "dist/index.js"));
assert.ok(
  seen.size <= 12,
  `an import of the core reads ${seen.size} files: time at the start of every process`,
);

const packed = JSON.parse(
  run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], root),
);
const [{ filename }] = Array.isArray(packed) ? packed : Object.values(packed);
writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
run("npm", ["install", "--offline", "--no-audit", "--no-fund", `./${filename}`]);
const installed = join(project, "node_modules/failfast");
assert.ok(
  !readdirSync(join(installed, "src"), { recursive: true }).some((name) => String(name).includes(".test.")),
);

// Each subpath by itself, and the core in use: with nothing else installed, and then beside Nest, which one is for.
const subpathNames = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== "./package.json")
  .map((subpath) => subpath.replace(".", "failfast"));
use(subpathNames.filter((name) => name !== "failfast/nest"));
for (const name of ["@nestjs", "@types", "rxjs", "reflect-metadata"])
  symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name));
use(["failfast", "failfast/nest"], ["--types", "node"]);

// Projects that resolve types as TypeScript did before packages had `exports`, as older Nest projects do.
const old = subpathNames.map((name, at) => `import * as s${at} from "${name}";\nvoid s${at};`);
writeFileSync(join(project, "old.ts"), old.join("\n"));
run(process.execPath, [
  join(root, "node_modules/typescript-5.9/bin/tsc"),
  ...["--noEmit", "--strict", "--target", "es2022", "--module", "commonjs", "--moduleResolution", "node10"],
  ...["--skipLibCheck", "--types", "node", "old.ts"],
]);

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
  `the package: ${seen.size} files in the core, none of them Node's; works from ESM, CommonJS and TypeScript`,
);

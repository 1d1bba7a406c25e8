// Type-checks what users write with each compiler, in each mode, with and without the platform's types.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const compilers = ["typescript-5.9", "typescript-6", "typescript"];
const modules = [
  ["--module", "nodenext", "--exactOptionalPropertyTypes"],
  ["--module", "esnext", "--moduleResolution", "bundler"],
];
const platforms = [
  ["--lib", "es2022", "--types", ""],
  ["--lib", "es2022,dom", "--types", "node"],
];
const always = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022"];
let failed = 0;

for (const compiler of compilers) {
  const tsc = here(`../../node_modules/${compiler}/bin/tsc`);
  for (const module of modules) {
    for (const platform of platforms) {
      for (const legacy of [[], ["--experimentalDecorators", "--emitDecoratorMetadata"]]) {
        const files = [
          "usage.ts",
          "decorators.ts",
          ...(platform[1].includes("dom") ? ["platform.ts"] : []),
          // Nest's own types take their time: with one way of resolving them.
          ...(platform[1].includes("dom") && module[1] === "nodenext" ? ["nest.ts"] : []),
          ...(platform[1].includes("dom") && module[1] === "nodenext" && legacy.length > 0
            ? ["nest-legacy.ts"]
            : []),
          ...(legacy.length === 0 ? ["private-methods.ts"] : []),
        ].map(here);
        const flags = [
          ...always,
          ...module,
          ...platform.filter((flag) => flag !== "" || platform.at(-1) !== ""),
          ...legacy,
        ];
        const noTypes = platform.at(-1) === "" ? flags.filter((flag) => flag !== "--types") : flags;
        const extra = compiler === "typescript-5.9" ? [] : ["--ignoreConfig"];
        const cwd = here(".");
        const none = platform.at(-1) === "" ? ["--typeRoots", here("./none")] : [];
        const { status, stdout } = spawnSync(
          process.execPath,
          [tsc, ...noTypes, ...none, ...extra, ...files],
          { encoding: "utf8", cwd },
        );
        if (status === 0) continue;
        failed++;
        console.log(`${compiler} ${[...module, ...platform, ...legacy].join(" ")}:\n${stdout}`);
      }
    }
  }
}
console.log(`types of users: ${24 - failed} of 24 combinations pass`);
process.exit(failed === 0 ? 0 : 1);

// Looks for promises that nobody awaits. To know them Biome reads the types of all packages, which takes most of the
// time of linting: so this is a step of its own.
import { spawnSync } from "node:child_process";

const biome = "node_modules/@biomejs/biome/bin/biome";
const args = ["lint", "--only=nursery/noFloatingPromises", "--config-path=biome.promises.json", "."];
process.exitCode = spawnSync(process.execPath, [biome, ...args], { stdio: "inherit" }).status ?? 1;

// Type-checks everything; then the core alone, without Node's types, and what is written with Nest's decorators.
// Each remembers in .tmp what it found, so that the next run checks only what changed.
import { spawnSync } from "node:child_process";

for (const [name, project] of [
  ["all", "tsconfig.json"],
  ["core", "tsconfig.core.json"],
  ["page", "src/dashboard/page/tsconfig.json"],
  ["nest", "test/servers/nest/tsconfig.json"],
]) {
  const remember = ["--incremental", "--tsBuildInfoFile", `.tmp/types/${name}.tsbuildinfo`];
  const args = ["node_modules/typescript/bin/tsc", "-p", project, "--noEmit", ...remember];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

// Type-checks everything; then the core alone, without Node's types, and what is written with Nest's decorators.
import { spawnSync } from "node:child_process";

for (const project of [
  "tsconfig.json",
  "tsconfig.core.json",
  "src/dashboard/page/tsconfig.json",
  "test/servers/nest/tsconfig.json",
]) {
  const { status } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", project], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}

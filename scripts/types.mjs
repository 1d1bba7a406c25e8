// Type-checks everything; then the core alone, without Node's types.
import { spawnSync } from "node:child_process";

for (const project of ["tsconfig.json", "tsconfig.core.json"]) {
  const { status } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", project], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}

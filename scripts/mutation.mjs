// Mutation testing: node scripts/mutation.mjs [room, or room/file.ts, or room/{a,b}.ts ...]. Each room by the tests
// beside it alone; each has to kill 95 of a hundred mutants.
import { spawnSync } from "node:child_process";

const asked = process.argv.length > 2 ? process.argv.slice(2) : ["breaker", "protocol", "policy", "sync"];
let failed = 0;
for (const each of asked) {
  const [room, files = "*.ts"] = each.split("/");
  // Stryker splits at each comma, so it gets a pattern for each file.
  const names = /^\{(.*)\}\.ts$/.exec(files)?.[1].split(",") ?? [files.replace(/\.ts$/, "")];
  const patterns = names.map((name) => `src/${room}/${name}.ts`);
  const mutate = [...patterns, "!src/**/*.test.ts", "!src/**/*.fixture.ts"].join();
  const { status } = spawnSync("npx", ["stryker", "run", "--mutate", mutate], {
    stdio: "inherit",
    env: { ...process.env, FAILFAST_MUTATE: room },
  });
  if (status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;

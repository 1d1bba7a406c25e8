// How long a process takes that imports a library and ends, measured from outside.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

const IMPORTS = {
  nothing: "",
  failfast: 'await import("failfast")',
  "failfast and failfast/redis": 'await import("failfast"); await import("failfast/redis")',
  cockatiel: 'await import("cockatiel")',
  opossum: 'await import("opossum")',
};

export function startup(rounds) {
  const took = Object.fromEntries(Object.keys(IMPORTS).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, code] of Object.entries(IMPORTS)) {
      const began = process.hrtime.bigint();
      const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
        cwd: root,
      });
      if (status !== 0) throw new Error(String(stderr));
      took[name].push(Number(process.hrtime.bigint() - began) / 1e6);
    }
  }
  const median = (name) => took[name].sort((a, b) => a - b)[Math.floor(rounds / 2)];
  return Object.keys(IMPORTS).map((name) => ({
    name,
    ms: median(name),
    over: median(name) - median("nothing"),
  }));
}

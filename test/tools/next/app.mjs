// A Next.js application that runs, and what its tests ask of it.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, start, until } from "../project.mjs";

export const environment = { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: undefined, CI: "1" };

/** `next dev` or `next start`, on a port that is free. */
export async function serve(t, folder, verb) {
  const server = start(t, command("next"), [verb, "--port", "0", "--hostname", "127.0.0.1"], {
    cwd: folder,
    env: environment,
  });
  const [origin] = await until(
    () => /http:\/\/127\.0\.0\.1:\d+/.exec(server.output),
    () => `next ${verb} listens:\n${server.output}`,
  );
  const text = async (path) => {
    const response = await fetch(origin + path);
    const body = await response.text();
    assert.ok(
      response.status < 504 && response.status !== 500,
      `${path}: ${response.status}\n${body}\n${server.output}`,
    );
    return body;
  };
  const json = async (path) => JSON.parse(await text(path));
  return { server, text, json };
}

/** Routes, pages and instrumentation are graphs of modules of their own, and have the same circuits. */
export async function shares({ text, json }) {
  assert.deepEqual(await json("/api/sales"), {
    ended: "works",
    state: "closed",
    minutes: 0,
    circuits: ["sales_api", "slow_api"],
  });
  assert.match(await text("/"), /ended: works, closed/);
  const { ended, state, minutes } = await json("/api/sales?backend=fails");
  // One hour is what instrumentation.js configured.
  assert.deepEqual({ ended, state, minutes }, { ended: "down", state: "open", minutes: 60 });
  assert.match(await text("/"), /ended: ERR_FAILFAST_OPEN, open/);
  assert.deepEqual(await json("/api/sales?throws=1"), { own: true, known: true });
}

export function edit(folder, name, from, to) {
  const file = join(folder, name);
  const before = readFileSync(file, "utf8");
  assert.ok(before.includes(from), `${name} has ${from}`);
  writeFileSync(file, before.replaceAll(from, to));
}

// A running Next.js application, and its tests.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { command, start, until } from "../project.mjs";

export const environment = { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: undefined, CI: "1" };

/** `next dev` or `next start`, on a port that is free. */
export async function serve(t, folder, verb) {
  const backend = createServer((_, response) => response.writeHead(500).end()).listen(0, "127.0.0.1");
  t.after(() => backend.close());
  await once(backend, "listening");
  const server = start(t, command("next"), [verb, "--port", "0", "--hostname", "127.0.0.1"], {
    cwd: folder,
    env: { ...environment, BACKEND: `http://127.0.0.1:${backend.address().port}` },
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
  return { server, origin, text, json, ask: (path) => fetch(origin + path) };
}

/** A guarded `fetch` in a server component and a route. */
export async function guards({ text, ask }) {
  for (let call = 0; call < 2; call++) assert.match(await text("/fetched"), /fetched: 500/);
  assert.match(await text("/fetched"), /fetched: ERR_FAILFAST_OPEN/);
  const rejected = await ask("/api/guarded");
  assert.equal(rejected.status, 503);
  assert.ok(Number(rejected.headers.get("Retry-After")) > 3_000);
}

export async function guardsTheEdge({ text, ask }) {
  assert.equal(await text("/api/edge"), '{"ended":"works"}');
  assert.deepEqual(await (await ask("/api/edge?fails=1")).json(), { ended: "down" });
  assert.equal((await ask("/api/edge")).status, 503);
}

/** Routes, pages and instrumentation are separate graphs of modules, and have the same circuits. */
export async function shares({ text, json }) {
  assert.deepEqual(await json("/api/sales"), {
    ended: "works",
    state: "closed",
    minutes: 0,
    circuits: ["sales_api", "slow_api"],
  });
  assert.match(await text("/"), /ended: works, closed/);
  const { ended, state, minutes } = await json("/api/sales?backend=fails");
  // One hour is the value that instrumentation.js configured.
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

/** The page is a route handler: its document, its stream, and an operator's action. */
export async function showsThePage({ origin, text, json }) {
  await text("/api/sales?reset=1");
  assert.match(await text("/circuits"), /<script type="module">/);
  const left = new AbortController();
  const stream = await fetch(`${origin}/circuits/live`, { signal: left.signal });
  assert.equal(stream.headers.get("content-type"), "text/event-stream");
  let heard = "";
  for await (const chunk of stream.body) {
    heard += new TextDecoder().decode(chunk);
    if (heard.includes('"name":"sales_api"')) break;
  }
  left.abort();
  const act = (user, action) =>
    fetch(`${origin}/circuits/act`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "x-failfast-action": "1", Origin: origin, ...user },
      body: JSON.stringify({ circuit: "sales_api", reason: "migration", ...action }),
    });
  assert.equal((await act({}, { verb: "hold", holds: "open" })).status, 403);
  const done = await act({ "x-user": "maria" }, { verb: "hold", holds: "open" });
  assert.deepEqual([done.status, await done.json()], [200, { stored: true }]);
  assert.equal((await json("/api/sales")).ended, "ERR_FAILFAST_OPEN");
  assert.equal((await act({ "x-user": "maria" }, { verb: "release" })).status, 200);
  assert.equal((await json("/api/sales")).ended, "works");
}

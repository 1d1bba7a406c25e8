// The fleet of `hang.mjs` for real: real processes, Redis, and a backend over HTTP that stops answering at some
// moment.
import { fork } from "node:child_process";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { find, serve } from "../servers.mjs";

const WELL_MS = 10;
/** Processes that start at one time. */
const AT_ONCE = 4;
/** A circuit for the first calls of each process. They cost the most, and must not open a circuit that is measured. */
const TO_WARM_UP = { threshold: 1_000 };
/** How long it may take until the fleet's calls are fast. */
const WARM_WITHIN_MS = 120_000;
const CALLER = fileURLToPath(new URL("caller.mjs", import.meta.url));

/** Answers in 10 ms until it hangs, and counts its requests. */
async function startBackend() {
  const backend = { asked: 0, hangs: false };
  const server = createServer((_, response) => {
    backend.asked++;
    if (!backend.hangs) setTimeout(() => response.end("ok"), WELL_MS);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", 4_096, listening));
  backend.url = `http://127.0.0.1:${server.address().port}/`;
  backend.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return backend;
}

function startCaller(given) {
  // Compiled ahead, because a hundred processes on a few cores are slow for minutes otherwise.
  const child = fork(CALLER, [JSON.stringify(given)], { execArgv: ["--no-warnings", "--always-sparkplug"] });
  const opened = new Map();
  let heard = () => {};
  let ended = () => {};
  child.on("message", (message) => {
    if (message.opened === undefined) heard(message);
    else opened.set(message.opened, BigInt(message.at));
  });
  child.once("exit", () => ended(new Error("a process of the fleet ended")));
  const next = () =>
    new Promise((resolve, reject) => {
      heard = resolve;
      ended = reject;
    });
  const ask = (order, details) => {
    const answer = next();
    child.send({ order, ...details });
    return answer;
  };
  return { child, opened, ready: next(), ask };
}

function latencies(members) {
  const took = members.flatMap((each) => each.took).sort((a, b) => a - b);
  return { p50: took[Math.floor(took.length / 2)], p99: took[Math.floor(took.length * 0.99)] };
}

/**
 * For each way to set the circuit: calls a second while all is well, as the backend counts them, and their latency; what
 * reaches the backend once it hangs, and when the last process is open. `slower`: all times but the backend's are so
 * many times as long, and there are so many times fewer calls a second. `undefined`: there is no Redis here.
 */
export async function hangOfProcesses(ways, { size, slower, forMs }) {
  const program = find("redis-server");
  if (program === undefined) return undefined;
  const redis = await serve(program, (port) => ["--port", `${port}`, "--save", "", "--bind", "127.0.0.1"]);
  const backend = await startBackend();
  const members = [];
  const all = (order, details) => Promise.all(members.map(({ ask }) => ask(order, details)));
  try {
    const given = {
      redis: `redis://127.0.0.1:${redis.port}`,
      backend: backend.url,
      open: "10m",
      everyMs: 100 * slower,
      ways: [...ways, TO_WARM_UP],
    };
    while (members.length < size) {
      const some = Array.from({ length: Math.min(AT_ONCE, size - members.length) }, (_, n) =>
        startCaller({ ...given, host: `host-${members.length + n}` }),
      );
      members.push(...some);
      await Promise.all(some.map(({ ready }) => ready));
    }
    const found = [];
    for (const way of ways.keys()) {
      await warmUp(ways.length);
      found.push(await measure(way));
    }
    return found;
  } finally {
    for (const { child } of members) child.kill("SIGKILL");
    backend.stop();
    await redis.stop();
  }

  /** Until nearly all calls of some seconds are fast, or it takes too long for this machine. */
  async function warmUp(way) {
    backend.hangs = false;
    begin(way);
    for (const end = performance.now() + WARM_WITHIN_MS; performance.now() < end; ) {
      await sleep(2_000 * slower);
      const { p99 } = latencies(await all("look", { way }));
      if (p99 < 50 * slower) return;
    }
  }

  function begin(way) {
    for (const { child } of members) child.send({ order: "begin", way });
  }

  async function measure(way) {
    begin(way);
    // In each process, twice as many calls as a rate needs.
    const warmMs = 4_000 * slower;
    await sleep(warmMs / 2);
    await all("look", { way });
    const [askedBefore, since] = [backend.asked, performance.now()];
    await sleep(warmMs / 2);
    const perSecond = ((backend.asked - askedBefore) * 1_000) / (performance.now() - since);
    const well = await all("look", { way });
    const before = backend.asked;
    backend.hangs = true;
    const began = process.hrtime.bigint();
    await sleep(forMs * slower);
    const leaked = backend.asked - before;
    const after = await all("look", { way });
    const openMs = members.map(({ opened }) => Number((opened.get(`backend ${way}`) ?? 0n) - began) / 1e6);
    return {
      perSecond,
      ...latencies(well),
      leaked,
      openAfterMs: Math.max(...openMs),
      open: after.filter(({ state }) => state === "open").length,
    };
  }
}

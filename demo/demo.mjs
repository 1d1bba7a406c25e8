// The library's main job, on real traffic: four processes, a real backend that hangs, with and without.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startLoad, summarise } from "./load.mjs";
import { act, bold, green, red, say, table, yellow } from "./terminal.mjs";

const WORKERS = 4;
const PER_SECOND = 25;
const ROOM = 20;
const TIMEOUT_MS = 1_000;
const OPEN = "4s";

const given = process.argv[process.argv.indexOf("--store") + 1];
const folder = mkdtempSync(join(tmpdir(), "failfast-demo-"));
const address = storeAddress(process.argv.includes("--store") ? given : undefined);
const children = [];

process.once("exit", () => {
  for (const { child } of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));

function storeAddress(wanted) {
  if (wanted === undefined) return `file:${folder}`;
  if (!/^(file:|rediss?:\/\/)/.test(wanted))
    fail(`--store takes file:FOLDER or redis://HOST:PORT, not ${wanted}`);
  return wanted.startsWith("redis") ? `${wanted}?prefix=failfast-demo-${process.pid}` : wanted;
}

function fail(why) {
  console.log(red(`\nThe story did not come true: ${why}`));
  process.exit(1);
}

/** Starts a child, and waits until it says its port. */
function start(script, args) {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), args.map(String));
  const waiting = new Map();
  const events = [];
  let asked = 0;
  return new Promise((resolve) => {
    child.on("message", (message) => {
      if (message.port) resolve({ child, port: message.port, events, ask });
      else if (message.answer) waiting.get(message.answer)(message);
      else events.push(message);
    });
    child.once("exit", (code) => code && fail(`${script} ended with code ${code}`));
    children.push({ child });
  });
  function ask(message) {
    child.send({ id: ++asked, ...message });
    return new Promise((resolve) => waiting.set(asked, resolve));
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
const events = (type) => workers.flatMap((worker) => worker.events.filter((event) => event.type === type));

async function until(holds, why, withinMs = 10_000) {
  const deadline = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > deadline) fail(why);
    await pause(10);
  }
}

console.log(bold("failfast: four processes, one backend that hangs, one store that they share"));
const backend = await start("backend.mjs", []);
const workers = await Promise.all(
  Array.from({ length: WORKERS }, (_, index) =>
    start("worker.mjs", [index + 1, `http://127.0.0.1:${backend.port}/`, address, OPEN, TIMEOUT_MS, ROOM]),
  ),
);
say(
  `the store is ${address.startsWith("file") ? "a folder of files" : address.split("?")[0]}; ${WORKERS} workers take ${PER_SECOND} requests a second each`,
);
const load = startLoad(
  workers.map(({ port }) => port),
  PER_SECOND,
);

/** Lets the load run on, and says what came of it. */
async function watch(seconds) {
  const answers = [];
  for (let second = 0; second < seconds; second++) {
    await pause(1_000);
    const taken = load.take();
    answers.push(...taken);
    const { served, rejected, timedOut, noRoom, p99 } = summarise(taken);
    const parts = [`p99 ${p99 > TIMEOUT_MS / 2 ? red(ms(p99)) : green(ms(p99))}`, `${served} served`];
    if (timedOut) parts.push(red(`${timedOut} timed out`));
    if (noRoom) parts.push(red(`${noRoom} turned away, no room left`));
    if (rejected) parts.push(yellow(`${rejected} failed fast`));
    say(parts.join(", "));
  }
  return answers;
}

async function heal() {
  await backend.ask({ hang: false });
  await pause(TIMEOUT_MS + 200);
  load.take();
}

act("1. All is well");
await watch(2);

act("2. The backend hangs, and nobody is guarded");
await backend.ask({ hang: true, count: "reset" });
const without = await watch(5);
const callsWithout = (await backend.ask({})).calls;
await heal();

act("3. The same with failfast");
await Promise.all(workers.map((worker) => worker.ask({ guard: true })));
const before = (await Promise.all(workers.map((worker) => worker.ask({})))).map(
  ({ operations }) => operations,
);
await watch(1);
await backend.ask({ hang: true, count: "reset" });
const withIt = await watch(5);
await until(() => events("open").length >= WORKERS, "not every worker came to know of the trip");
const trip = events("open").find(({ local }) => local);
if (trip === undefined) fail("nobody tripped");
const knew = events("open")
  .filter(({ worker, at }) => worker !== trip.worker && at < trip.at + 2_000)
  .map(({ worker, at }) => ({ worker, ms: Math.max(at - trip.at, 0) }));
say(
  `worker ${trip.worker} had a call time out, and tripped; ${knew.map(({ worker, ms: took }) => `worker ${worker} knew ${took.toFixed(1)} ms later`).join(", ")}`,
);
const callsWith = (await backend.ask({})).calls;

act("4. The backend recovers");
await backend.ask({ hang: false, count: "reset" });
for (const { events: seen } of workers) seen.length = 0;
await until(() => events("close").length >= WORKERS, "the circuit did not close in every worker", 12_000);
const probes = events("half-open").filter(({ local }) => local);
const closed = events("close").sort((a, b) => a.at - b.at);
say(
  `${probes.length} probe in the whole fleet, by worker ${closed[0].worker}, closed it for all ${WORKERS} within ${(closed.at(-1).at - closed[0].at).toFixed(1)} ms`,
);
load.take();
await watch(1);
load.stop();
const after = await Promise.all(workers.map((worker) => worker.ask({ finish: true })));
const operations = after.map(({ operations: end }, at) => ({
  writes: end.writes - before[at].writes,
  polls: end.polls - before[at].polls,
}));
const sum = (key) => operations.reduce((total, each) => total + each[key], 0);

act("With the backend hanging for 5 s");
const [bare, guarded] = [summarise(without), summarise(withIt)];
table([
  ["", "without", "with failfast"],
  ["requests", bare.requests, guarded.requests],
  ["p50 latency", ms(bare.p50), ms(guarded.p50)],
  ["p99 latency", ms(bare.p99), ms(guarded.p99)],
  ["turned away, no room left", bare.noRoom, guarded.noRoom],
  ["calls that reached the hanging backend", callsWithout, callsWith],
  ["from the trip to each process knowing", "-", ms(Math.max(...knew.map(({ ms: took }) => took)))],
  ["probes in the fleet until it closed", "-", probes.length],
  ["store writes (trips, leases, outcomes), all processes", "-", sum("writes")],
  ["store writes per request", "-", (sum("writes") / guarded.requests).toFixed(3)],
  ["polls, whatever the traffic", "-", sum("polls")],
]);

if (probes.length !== 1) fail(`${probes.length} probes were sent after the recovery, not one`);
if (callsWith >= callsWithout) fail("as many calls reached the hanging backend with failfast as without");
console.log(green("\nOne call found out for all, and one probe closed it for all."));
process.exit(0);

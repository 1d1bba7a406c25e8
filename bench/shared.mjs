// The shared path beside the one breaker of npm's that shares state and can be installed: nestjs-resilience, in a
// folder of its own, with a cache in memory, which flatters it: in a fleet each of these operations is a round trip.
//   node bench/shared.mjs
import { createRequire } from "node:module";
import { createFailfast, memoryStore } from "failfast";
import { installPeers } from "../verification/peer-defects/peers.mjs";
import { quantile, Report } from "./table.mjs";

const CALLS = 20_000;
const ROUNDS = 15;
const value = async (n) => n;

const { folder, installed, skipped, remove } = installPeers();
try {
  const report = new Report();
  for (const why of skipped) console.log(`skipped: ${why}`);
  report.table("Closed, on a shared store", "breaker", "ns a call", "x bare", "store operations a call");
  const bare = await time(value);
  const { call, operations } = failfast();
  const rows = [["failfast", call, operations]];
  if (installed.includes("nestjs-resilience")) {
    const peer = nestjsResilience();
    rows.push(["nestjs-resilience", peer.call, peer.operations]);
  }
  for (const [name, guarded, counted] of rows) {
    const ns = await time(guarded);
    const before = counted();
    for (let i = 0; i < CALLS; i++) await guarded(i);
    report.row(name, ns.toFixed(1), (ns / bare).toFixed(2), ((counted() - before) / CALLS).toFixed(2));
  }
} finally {
  remove();
}
process.exit();

/** ns of CPU time of a call: the median of some rounds. */
async function time(call) {
  const took = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const began = process.cpuUsage();
    for (let i = 0; i < CALLS; i++) await call(i);
    const { user, system } = process.cpuUsage(began);
    if (round > 0) took.push(((user + system) * 1_000) / CALLS);
  }
  return quantile(took, 0.5);
}

function failfast() {
  let count = 0;
  const inner = memoryStore();
  const counted =
    (verb) =>
    (...args) => {
      count++;
      return inner[verb](...args);
    };
  const verbs = Object.fromEntries(
    ["get", "set", "delete", "swap", "list"].map((verb) => [verb, counted(verb)]),
  );
  const call = createFailfast({ store: { ...inner, ...verbs } })("bench", 60)(value);
  return { call, operations: () => count };
}

function nestjsResilience() {
  const require = createRequire(`${folder}/`);
  require("reflect-metadata");
  require("@nestjs/common").Logger.overrideLogger(false);
  const { CircuitBreakerStrategy, ResilienceCommand } = require("nestjs-resilience");
  const { ResilienceStatesManager } = require("nestjs-resilience/dist/resilience.states-manager.js");
  let count = 0;
  const entries = new Map();
  const counted =
    (verb) =>
    (...args) => {
      count++;
      return verb(...args);
    };
  new ResilienceStatesManager({
    store: {
      get: counted((key) => entries.get(key)),
      set: counted((key, entry) => void entries.set(key, entry)),
      del: counted((key) => void entries.delete(key)),
      reset: () => entries.clear(),
    },
  });
  class Call extends ResilienceCommand {
    run(n) {
      return value(n);
    }
  }
  const command = new Call([new CircuitBreakerStrategy()], "bench", "backend");
  return { call: (n) => command.execute(n), operations: () => count };
}

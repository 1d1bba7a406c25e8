// Not in our lock file: peers.mjs installs it in a folder of its own, and sets where that is.
import { createRequire } from "node:module";
import { linked } from "../store.mjs";

const require = createRequire(`${process.env.TORTURE_PEERS ?? "."}/`);
require("reflect-metadata");
const resilience = require("nestjs-resilience");
require("@nestjs/common").Logger.overrideLogger(false);
const { version } = require("nestjs-resilience/package.json");
const { CircuitBreakerStrategy, CircuitOpenedException, ResilienceCommand } = resilience;
const { ResilienceStatesManager } = require("nestjs-resilience/dist/resilience.states-manager.js");

/** A cache like one in Redis: it returns copies, through JSON. */
function cache() {
  const entries = new Map();
  return {
    get: (key) => (entries.has(key) ? JSON.parse(entries.get(key)) : undefined),
    set: (key, value) => void entries.set(key, JSON.stringify(value)),
    del: (key) => void entries.delete(key),
    reset: () => entries.clear(),
  };
}

class Call extends ResilienceCommand {
  constructor(strategies, name) {
    super(strategies, "torture", name);
  }
  run(fn) {
    return fn(undefined);
  }
}

function make(wanted, name) {
  const strategy = new CircuitBreakerStrategy({
    requestVolumeThreshold: wanted.rate === undefined ? (wanted.failures ?? 1) : wanted.minimum,
    errorThresholdPercentage: (wanted.rate ?? 0.5) * 100,
    sleepWindowInMilliseconds: wanted.open,
    // After that time without a request it starts its count again.
    rollingWindowInMilliseconds: wanted.window ?? 20_000,
    ...(wanted.timeout === undefined ? {} : { timeoutInMilliseconds: wanted.timeout }),
  });
  const command = new Call([strategy], name);
  return {
    call: (fn) => command.execute(fn),
    isRejection: (error) => error instanceof CircuitOpenedException,
  };
}

let made = 0;

export default {
  name: "nestjs-resilience",
  version,
  settings: {},
  make(time, wanted) {
    new ResilienceStatesManager({ store: linked(time, cache()).connect().store });
    return make(wanted, `backend ${++made}`);
  },
  fleet(time, wanted) {
    const shared = linked(time, cache());
    // Each process reads and writes the shared state at every call, and keeps nothing, so one manager is enough.
    new ResilienceStatesManager({ store: shared.connect().store });
    return { ...shared.faults, join: async () => ({ ...make(wanted, "backend"), die: () => undefined }) };
  },
};

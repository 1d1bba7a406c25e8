// The measurements, each in a process of its own beside the bare call: `make` returns the call to be timed.
import { createFailfast, isFailfastError, memoryStore } from "failfast";
import { manualClock } from "failfast/testing";
import * as limits from "./limits.mjs";
import * as peers from "./peers.mjs";

export const value = async (n) => n;
const failure = new Error("down");
export const failing = async () => {
  throw failure;
};
/** About 80 ns of work, for a sync call. */
const work = (n) => {
  let sum = n;
  for (let i = 0; i < 100; i++) sum = (sum * 31 + i) | 0;
  return sum;
};

const closed = (options) => ({ bare: value, make: () => createFailfast()("bench", 60, options)(value) });

async function open(options) {
  const circuit = createFailfast()("bench", 3_600, options);
  await circuit.trip();
  return circuit;
}

/** A second failfast on the same store: what a fleet of two does to a call. */
async function shared(fn) {
  const store = memoryStore();
  for (const host of ["other", "own"]) await createFailfast({ store, host }).ready();
  return createFailfast({ store, host: "own" })("bench", 60)(fn);
}

/**
 * One outage for each call: a failure trips the circuit, the open time passes, a probe closes it, and everything is
 * written.
 */
function outage() {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const circuit = createFailfast({ clock, store })("bench", 60);
  const [fail, succeed] = [circuit(failing), circuit(value)];
  return async (n) => {
    await fail().catch(() => undefined);
    await clock.advance(60_000);
    return succeed(n);
  };
}

/** A failure that trips the circuit and is written, and then a closing. */
function trip() {
  const circuit = createFailfast({ store: memoryStore() })("bench", 60);
  const fail = circuit(failing);
  return async () => {
    await fail().catch(() => undefined);
    await circuit.reset();
  };
}

/** By group. `budget` is the aim, as a ratio to the bare call. */
export const cases = {
  "limit: one derived promise": { bare: value, make: () => limits.derived(value) },
  "closed, async": { ...closed(), budget: 1.7 },
  "closed, async, shared store": { bare: value, make: () => shared(value), budget: 1.7 },
  "closed, async, .run": {
    bare: value,
    make: () => {
      const circuit = createFailfast()("bench", 60);
      return (n) => circuit.run(() => value(n));
    },
  },
  "closed, async, named by argument": {
    bare: value,
    make: () => createFailfast()((n) => (n & 1 ? "odd" : "even"), 60)(value),
  },
  "closed, threshold of 5": closed({ threshold: 5 }),
  "closed, rate window": { ...closed({ failureRate: 0.5 }), budget: 2.2 },
  "closed, rate window and slow calls": { ...closed({ failureRate: 0.5, slowCall: "2s" }), budget: 2.2 },
  "closed, callTimeout": closed({ callTimeout: "3s" }),
  "closed, a listener to successes": {
    bare: value,
    make: () => {
      const circuit = createFailfast()("bench", 60);
      let heard = 0;
      circuit.on("success", () => heard++);
      return circuit(value);
    },
  },
  "closed: cockatiel, consecutive": { bare: value, make: () => peers.cockatiel(value) },
  "closed: cockatiel, sampling": { bare: value, make: () => peers.cockatielSampling(value) },
  "closed: opossum": { bare: value, make: () => peers.opossum(value) },
  "closed, sync, 80 ns of work": {
    bare: work,
    sync: true,
    make: () => createFailfast()("bench", 60)(work),
    budget: 1.1,
  },
  "limit: failing, one derived promise": {
    bare: failing,
    throws: true,
    make: () => limits.derived(failing),
  },
  "failing, held closed": {
    bare: failing,
    throws: true,
    make: async () => {
      const circuit = createFailfast()("bench", 60);
      await circuit.hold("closed");
      return circuit(failing);
    },
    budget: 1.5,
  },
  "failing, counted": {
    bare: failing,
    throws: true,
    make: () => createFailfast()("bench", 60, { threshold: 100_000, window: "10ms" })(failing),
    budget: 1.5,
  },
  "failing: cockatiel": { bare: failing, throws: true, make: () => peers.cockatiel(failing, 1e9) },
  "failing: opossum": {
    bare: failing,
    throws: true,
    make: () => peers.opossum(failing, { volumeThreshold: 1e9 }),
    // Each takes some hundred microseconds.
    few: true,
  },
  "limit: a fresh error, rejected": { bare: value, throws: true, make: () => limits.rejected },
  "open, rejection": { bare: value, throws: true, make: async () => (await open())(value), budget: 14 },
  "open, rejection, told by isFailfastError": {
    bare: value,
    throws: true,
    make: async () => {
      const call = (await open())(value);
      return (n) => call(n).catch(isFailfastError);
    },
  },
  "open, fallback value": { bare: value, make: async () => (await open({ fallback: () => 0 }))(value) },
  "open, rejection: cockatiel": { bare: value, throws: true, make: () => peers.cockatielOpen(value) },
  "open, rejection: opossum": { bare: value, throws: true, make: () => peers.opossumOpen(value) },
  "a trip, written, and a reset": { bare: value, make: trip, few: true },
  "a whole outage: trip, probe, close": { bare: value, make: outage, few: true },
};

/** The cases that are also measured with many calls in flight, and with hooks that watch every promise. */
export const inOtherModes = [
  "limit: one derived promise",
  "closed, async",
  "closed, rate window and slow calls",
  "closed: cockatiel, consecutive",
  "closed: opossum",
];

// What is measured, each in a process of its own beside the bare call: a case makes the call to be timed.
import { createFailfast, memoryStore } from "failfast";

const value = async (n) => n;
const failure = new Error("down");
const failing = async () => {
  throw failure;
};
const work = (n) => {
  let sum = n;
  for (let i = 0; i < 100; i++) sum = (sum * 31 + i) | 0;
  return sum;
};
async function opossum(fn, options = {}) {
  const { default: CircuitBreaker } = await import("opossum");
  return new CircuitBreaker(fn, options);
}

async function cockatiel(failures = 5) {
  const { circuitBreaker, ConsecutiveBreaker, handleAll } = await import("cockatiel");
  return circuitBreaker(handleAll, { halfOpenAfter: 3_600_000, breaker: new ConsecutiveBreaker(failures) });
}

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

const rethrow = (error) => {
  throw error;
};
const settled = Promise.resolve();
class Rejection extends Error {
  constructor(circuit, retryAfterMs) {
    super();
    this.circuit = circuit;
    this.retryAfterMs = retryAfterMs;
  }
}
/** A fresh error with no stack, in a promise that is rejected when its caller waits for it already. */
function rejected() {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = undefined;
  const error = new Rejection("bench", 1_000);
  Error.stackTraceLimit = stackTraceLimit;
  return new Promise((_, reject) => {
    void settled.then(() => reject(error));
  });
}

export const cases = {
  "limit: one derived promise": { bare: value, make: () => (n) => value(n).then(undefined, rethrow) },
  "limit: failing, one derived promise": {
    bare: failing,
    throws: true,
    make: () => () => failing().then(undefined, rethrow),
  },
  "limit: a fresh error, rejected": { bare: value, throws: true, make: () => rejected },
  "closed, async": { bare: value, make: () => createFailfast()("bench", 60)(value), budget: 1.7 },
  "closed, async, shared store": { bare: value, make: () => shared(value), budget: 1.7 },
  "closed, async, .run": {
    bare: value,
    make: () =>
      (
        (circuit) => (n) =>
          circuit.run(() => value(n))
      )(createFailfast()("bench", 60)),
  },
  "closed, async, named by argument": {
    bare: value,
    make: () => createFailfast()((n) => (n & 1 ? "odd" : "even"), 60)(value),
  },
  "closed, async: cockatiel": {
    bare: value,
    make: async () =>
      (
        (policy) => (n) =>
          policy.execute(() => value(n))
      )(await cockatiel()),
  },
  "closed, async: opossum": {
    bare: value,
    make: async () =>
      (
        (breaker) => (n) =>
          breaker.fire(n)
      )(await opossum(value)),
  },
  "closed, sync, 80 ns of work": {
    bare: work,
    sync: true,
    make: () => createFailfast()("bench", 60)(work),
    budget: 1.1,
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
  "failing: cockatiel": {
    bare: failing,
    throws: true,
    make: async () =>
      (
        (policy) => () =>
          policy.execute(failing)
      )(await cockatiel(1e9)),
  },
  "open, rejection": { bare: value, throws: true, make: async () => (await open())(value), budget: 14 },
  "open, fallback value": { bare: value, make: async () => (await open({ fallback: () => 0 }))(value) },
  "open, rejection: cockatiel": {
    bare: value,
    throws: true,
    make: async () => {
      const policy = await cockatiel(1);
      await policy.execute(failing).catch(() => undefined);
      return (n) => policy.execute(() => value(n));
    },
  },
  "open, rejection: opossum": {
    bare: value,
    throws: true,
    make: async () => {
      const breaker = await opossum(value);
      breaker.open();
      return (n) => breaker.fire(n);
    },
  },
};

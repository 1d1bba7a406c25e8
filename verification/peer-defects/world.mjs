// What a case gets: a time that it controls, also for libraries that read the runtime's clock, and calls whose ends it
// controls.
import { chanceOf, virtualTime } from "../simulation/time.mjs";

const real = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, now: Date.now };
const EPOCH = 1_800_000_000_000;

/** A promise that a case settles. */
function held() {
  const ends = {};
  ends.promise = new Promise((resolve, reject) => Object.assign(ends, { resolve, reject }));
  return ends;
}

/** Virtual time under the runtime's own names, until `restore` is called. */
export function ownedTime(seed = 1) {
  const time = virtualTime(chanceOf(seed));
  let jumped = 0;
  const timer = (run, ms, again) => {
    const handle = { ref: () => handle, unref: () => handle, hasRef: () => false, refresh: () => handle };
    const arm = () => {
      handle.cancel = time.clock.after(Math.max(ms ?? 0, 0), () => {
        if (again) arm();
        run();
      });
    };
    arm();
    return handle;
  };
  globalThis.setTimeout = (run, ms, ...args) => timer(() => run(...args), ms, false);
  globalThis.setInterval = (run, ms, ...args) => timer(() => run(...args), Math.max(ms ?? 0, 1), true);
  globalThis.clearTimeout = globalThis.clearInterval = (handle) => handle?.cancel?.();
  Date.now = () => EPOCH + jumped + Math.floor(time.clock.now());
  const pass = async (ms) => {
    const end = time.clock.now() + ms;
    await time.runUntil(end);
    // Code that the last timer woke runs on for a few turns.
    for (let n = 0; n < 3; n++) await new Promise(real.setImmediate);
  };
  return {
    clock: { ...time.clock, wall: () => Date.now() },
    sleep: time.sleep,
    now: () => time.clock.now(),
    pass,
    /** Lets everything run that waits for promises only. */
    turn: () => pass(0),
    /** Sets the host's clock. */
    jump(ms) {
      jumped += ms;
    },
    restore() {
      const { now, ...timers } = real;
      Object.assign(globalThis, timers);
      Date.now = now;
    },
  };
}

/** A call to a backend that answers when the case says so: `reached`, `outcome`, `value`, `error`, `took`. */
export function start(time, breaker, options = {}) {
  const answer = held();
  const began = time.now();
  const call = {
    reached: false,
    outcome: "pending",
    succeed: (value = "answer") => answer.resolve(value),
    fail: (...error) => answer.reject(error.length > 0 ? error[0] : new Error("the backend failed")),
  };
  const settled = (outcome) => (result) => {
    call.took = time.now() - began;
    call.outcome = outcome === "served" ? outcome : breaker.isRejection(result) ? "rejected" : "failed";
    call[outcome === "served" ? "value" : "error"] = result;
  };
  const work = (signal) => {
    call.reached = true;
    call.signal = signal;
    if (options.obeys) signal?.addEventListener("abort", () => answer.reject(signal.reason));
    return answer.promise;
  };
  // A call that never settles must not cause an unhandled rejection.
  answer.promise.catch(() => {});
  call.done = breaker.call(work, options).then(settled("served"), settled("failed"));
  return call;
}

/** One call that fails or succeeds at once. Returns how it ended: `served`, `failed`, `rejected`, or `pending`. */
export async function once(time, breaker, how, ...error) {
  const call = start(time, breaker);
  if (how === "fails") call.fail(...error);
  else call.succeed();
  await time.pass(10);
  return call;
}

/** Failures in a row until it rejects. Some libraries count calls under way, and need more of them. */
export async function trip(time, breaker) {
  for (let n = 0; n < 50; n++) if ((await once(time, breaker, "fails")).outcome === "rejected") return;
  throw new Failed("it did not open after 50 failures in a row");
}

/** The finding of a case; if thrown, it fails the case. */
export class Failed extends Error {}

/** The library has no such feature. */
export class NotOffered extends Error {}

export function expect(condition, otherwise) {
  if (!condition) throw new Failed(otherwise);
}

/** The runtime's own time, for cases in a process of their own. */
export const realTime = {
  real: true,
  sleep: (ms) => new Promise((done) => real.setTimeout(done, ms)),
  clock: { after: (ms, run) => real.setTimeout(run, ms), wall: real.now },
};

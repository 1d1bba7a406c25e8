// A world of its own: virtual time, a fleet that shares a store with a delay, and a backend that answers as told.
import { createFailfast, isFailfastError, memoryStore } from "failfast";

/** Chance from a seed (mulberry32). */
export function chanceOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Time that passes as fast as the work in it is done: timers in a heap, promises between them. */
export function virtualTime(random) {
  const heap = [];
  let now = 0;
  let made = 0;
  const before = (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order);
  function push(timer) {
    heap.push(timer);
    for (let at = heap.length - 1; at > 0; ) {
      const up = (at - 1) >> 1;
      if (!before(heap[at], heap[up])) break;
      [heap[at], heap[up]] = [heap[up], heap[at]];
      at = up;
    }
  }
  function pop() {
    const top = heap[0];
    const last = heap.pop();
    if (heap.length > 0) {
      heap[0] = last;
      for (let at = 0; ; ) {
        const left = 2 * at + 1;
        if (left >= heap.length) break;
        const least = left + 1 < heap.length && before(heap[left + 1], heap[left]) ? left + 1 : left;
        if (!before(heap[least], heap[at])) break;
        [heap[at], heap[least]] = [heap[least], heap[at]];
        at = least;
      }
    }
    return top;
  }
  const clock = {
    now: () => now,
    wall: () => 1_800_000_000_000 + now,
    random,
    after(ms, run) {
      const timer = { at: now + ms, order: made++, run };
      push(timer);
      return () => {
        timer.run = undefined;
      };
    },
  };
  return {
    clock,
    sleep: (ms) => new Promise((done) => clock.after(ms, done)),
    async runUntil(end) {
      await new Promise(setImmediate);
      while (heap.length > 0 && heap[0].at <= end) {
        const { at, run } = pop();
        now = at;
        if (run === undefined) continue;
        run();
        // What only waits for promises goes on before the next timer.
        await new Promise(setImmediate);
      }
      now = end;
    },
  };
}

/** The store as a process has it: each way takes so long. */
function away(store, clock, ms) {
  const later = (value) => new Promise((done) => clock.after(ms, () => done(value)));
  const asked = async (verb, args) => {
    await later();
    const answer = await store[verb](...args);
    await later();
    return answer;
  };
  return {
    get: (...args) => asked("get", args),
    set: (...args) => asked("set", args),
    delete: (...args) => asked("delete", args),
    swap: (...args) => asked("swap", args),
    list: (...args) => asked("list", args),
    watch: (prefix, on) =>
      asked("watch", [
        prefix,
        {
          change: (entry) => clock.after(ms, () => on.change(entry)),
          gap: () => clock.after(ms, () => on.gap()),
        },
      ]),
  };
}

/** Processes, each on a host of its own, that share one store; `scope: "process"` makes them strangers. */
export async function fleetOf(time, size, open, options, delayMs = 1) {
  const { clock } = time;
  const store = memoryStore({ clock });
  const circuits = [];
  const ready = [];
  for (let n = 0; n < size; n++) {
    const failfast = createFailfast({ clock, store: away(store, clock, delayMs), host: `host-${n}` });
    circuits.push(failfast("backend", open, options));
    ready.push(failfast.ready());
  }
  await time.runUntil(clock.now() + 500);
  await Promise.all(ready);
  return circuits;
}

/** How one call ended: `served`, `error`, or `rejected` by the circuit. */
export const endOf = (call) =>
  call.then(
    () => "served",
    (error) => (isFailfastError(error) ? "rejected" : "error"),
  );

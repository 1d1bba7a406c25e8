// Random numbers and time of a run: the same seed gives the same run.

// V8's own way to run all promises that are due; a turn of the event loop, which does the same, takes 25 times as long.
// A browser, where the documentation site runs this, has only the turn.
const v8 = globalThis.process?.getBuiltinModule?.("node:v8");
v8?.setFlagsFromString("--allow-natives-syntax");
const settlePromises = v8 ? new Function("%PerformMicrotaskCheckpoint()") : () => {};

/** So many timers go off in one turn of the event loop, after which rejections that nobody handled are told. */
const TIMERS_PER_TURN = v8 ? 16 : 1;

/** Random numbers from a seed (mulberry32). */
export function chanceOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Time that passes as fast as its work is done: timers in a heap, promises between them. */
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
    runUntil(end) {
      return new Promise((done, fail) => {
        function turn() {
          try {
            for (let n = 0; n < TIMERS_PER_TURN; n++) {
              if (heap.length === 0 || heap[0].at > end) {
                now = end;
                done();
                return;
              }
              const { at, run } = pop();
              now = at;
              if (run === undefined) continue;
              run();
              // Code that waits for promises only runs before the next timer.
              settlePromises();
            }
          } catch (error) {
            fail(error);
            return;
          }
          setImmediate(turn);
        }
        setImmediate(turn);
      });
    },
  };
}

import { describe, expect, test } from "vitest";
import { createFailfast } from "../api/failfast.js";
import type { Clock } from "../runtime/clock.js";
import { manualClock } from "../testing/manual-clock.js";

/** A clock that counts how often it is read. Its coarse clock stands still until the test moves it. */
function countingClock(): Clock & { readonly reads: { exact: number; coarse: number }; tick(): void } {
  const time = manualClock();
  const reads = { exact: 0, coarse: 0 };
  let ticked = 0;
  return {
    wall: time.wall,
    after: time.after,
    random: time.random,
    reads,
    now() {
      reads.exact++;
      return time.now() + ticked;
    },
    coarse() {
      reads.coarse++;
      return ticked;
    },
    tick() {
      ticked += 10;
    },
  };
}

const call = async (): Promise<number> => 1;

describe("the clock that a call reads", () => {
  test("is none if its duration does not count", async () => {
    const clock = countingClock();
    const guarded = createFailfast({ clock })("x", 60, { results: () => false })(call);
    await guarded();
    const { exact, coarse } = clock.reads;
    await guarded();
    expect(clock.reads).toEqual({ exact, coarse });
  });

  test("is the coarse one at its start and end, if it may be slow", async () => {
    const clock = countingClock();
    const guarded = createFailfast({ clock })("x", 60, { slowCall: "1s" })(call);
    await guarded();
    const { exact, coarse } = clock.reads;
    await guarded();
    expect(clock.reads).toEqual({ exact, coarse: coarse + 2 });
  });

  test("is the exact one if the coarse one is too coarse", async () => {
    const clock = countingClock();
    const guarded = createFailfast({ clock })("x", 60, { slowCall: "50ms" })(call);
    await guarded();
    const { exact } = clock.reads;
    await guarded();
    expect(clock.reads.exact).toBe(exact + 2);
  });
});

test("calls with the same handlers, and calls of later ticks, are each timed from their own start", async () => {
  const clock = countingClock();
  const failfast = createFailfast({ clock });
  const ends: (() => void)[] = [];
  const slow = failfast("x", 60, { slowCall: "200ms", minimumCalls: 4, slowCallRate: 0.5 });
  const guarded = slow(() => new Promise<void>((done) => void ends.push(done)));
  const calls = [guarded(), guarded()];
  for (let tick = 0; tick < 19; tick++) clock.tick();
  calls.push(guarded(), guarded());
  clock.tick();
  for (const end of ends) end();
  await Promise.all(calls);
  // Two of the four took 200 ms, and two 10 ms.
  expect(slow.state).toBe("open");
});

test("a call that began before a trip and a reset counts under no later admission", async () => {
  const clock = countingClock();
  const failfast = createFailfast({ clock });
  const circuit = failfast("x", 60, { slowCall: "1s", minimumCalls: 1 });
  const ends: (() => void)[] = [];
  const guarded = circuit(async (hangs: boolean) => {
    if (hangs) await new Promise<void>((done) => void ends.push(done));
  });
  const late = guarded(true);
  await circuit.trip();
  await circuit.reset();
  for (let tick = 0; tick < 200; tick++) clock.tick();
  await guarded(false);
  for (const end of ends) end();
  await late;
  expect(circuit.state).toBe("closed");
});

test("a clock may be an instance of a class whose methods need `this`", async () => {
  const time = manualClock();
  class Clockwork {
    readonly #time = time;
    now(): number {
      return this.#time.now();
    }
    wall(): number {
      return this.#time.wall();
    }
    random(): number {
      return this.#time.random();
    }
    after(ms: number, run: () => void): () => void {
      return this.#time.after(ms, run);
    }
  }
  const failfast = createFailfast({ clock: new Clockwork() });
  for (const slowCall of ["50ms", "1s"] as const) {
    const circuit = failfast(slowCall, 60, { slowCall, minimumCalls: 1, slowCallRate: 1 });
    const guarded = circuit(async () => {
      await time.advance(2_000);
    });
    await guarded();
    expect(circuit.state).toBe("open");
  }
});

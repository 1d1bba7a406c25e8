import { describe, expect, test } from "vitest";
import { createFailfast, memoryStore, type Store } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";

/** A process with 300 circuits on a store that answers after 500 ms. `begun`: how often it was asked something. */
function process(without: readonly ("list" | "watch")[]) {
  const clock = manualClock();
  const asked = { times: 0 };
  const inMemory = memoryStore() as Required<Store>;
  const later = <A>(answer: () => A): Promise<A> => {
    asked.times++;
    return new Promise((resolve) => clock.after(500, () => resolve(answer())));
  };
  const store: Store = {
    get: (key) => later(() => inMemory.get(key)) as never,
    set: (key, value, ttl) => later(() => inMemory.set(key, value, ttl)),
    delete: (key) => later(() => inMemory.delete(key)),
    swap: (...args) => later(() => inMemory.swap(...args)) as never,
    ...(without.includes("list")
      ? {}
      : { list: (prefix: string) => later(() => inMemory.list(prefix)) as never }),
    ...(without.includes("watch") ? {} : { watch: (prefix, on) => inMemory.watch(prefix, on) }),
  };
  const failfast = createFailfast({ clock, store, report: false });
  const circuits = Array.from({ length: 300 }, (_, n) => failfast(`circuit ${n}`, 60));
  return { clock, asked, failfast, circuits };
}

describe.each([[["list"]], [["list", "watch"]], [["watch"]]] as const)("a store without %s", (without) => {
  test.each([0, 200, 700, 1_100])(
    "is asked nothing after close(), %d ms after the first calls",
    async (ms) => {
      const { clock, asked, failfast, circuits } = process(without);
      for (const circuit of circuits) await circuit.run(() => 1);
      await clock.advance(ms);
      const closed = failfast.close();
      await clock.advance(600);
      await closed;
      const before = asked.times;
      await clock.advance(60_000);
      expect(asked.times).toBe(before);
    },
  );
});

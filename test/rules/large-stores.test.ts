import { describe, expect, test } from "vitest";
import { type Circuit, createFailfast, memoryStore, type Store, type StoreEntry } from "../../src/index.js";
import { type ManualClock, manualClock } from "../../src/testing/index.js";
import { type FaultyStore, faultyStore, type Link } from "./faulty-store.js";
import { boom, during, ending } from "./fleet.js";

/** The documented rate, in keys a second; a name has two keys. */
const KEYS_PER_SECOND = 100;

interface Process {
  readonly link: Link;
  readonly told: unknown[];
  call(name: string, fails?: boolean): Promise<string>;
  state(name: string): string;
}

/** A process with circuits for names from arguments, whose store is read one key at a time, in 5 ms each. */
async function singleReader(
  clock: ManualClock,
  store: FaultyStore,
  { names = 0, maxCircuits }: { names?: number; maxCircuits?: number } = {},
): Promise<Process> {
  const link = store.connect({ without: ["list", "watch"], delay: 5 });
  const failfast = createFailfast({ clock, store: link, ...(maxCircuits ? { maxCircuits } : {}) });
  const circuits = failfast((name: string) => name, 600);
  const guarded = circuits(async (_: string, fails: boolean) => {
    if (fails) throw boom;
  });
  const told: unknown[] = [];
  failfast.on("store-down", ({ error }) => told.push(error));
  failfast.on("store-up", () => told.push("up"));
  const call = (name: string, fails = false): Promise<string> => ending(guarded(name, fails));
  for (let n = 0; n < names; n++) await call(`n${n}`);
  await during(clock, 10_000, () => failfast.ready());
  return { link, told, call, state: (name) => circuits.for(name).state };
}

describe("a store that can't list", () => {
  test.each([10, 1_000, 2_000, 5_000])(
    "is read at a bounded rate with %i healthy names, and never reported as down",
    async (names) => {
      const clock = manualClock();
      const store = faultyStore(clock);
      const { link, told } = await singleReader(clock, store, { names });
      await clock.advance(60_000);
      const { get } = link.counts;
      await clock.advance(100_000);
      expect((link.counts.get - get) / 100).toBeLessThanOrEqual(KEYS_PER_SECOND + 1);
      expect((link.counts.get - get) / 100).toBeGreaterThan(Math.min(names, 40));
      expect(told).toEqual([]);
    },
  );

  test("brings a trip to another process with 2 000 names within two rounds of polls", async () => {
    const clock = manualClock();
    const store = faultyStore(clock);
    const a = await singleReader(clock, store);
    const b = await singleReader(clock, store, { names: 2_000 });
    await clock.advance(100_000);
    for (const name of ["n0", "n777", "n1999"]) await during(clock, 50, () => a.call(name, true));
    await clock.advance(((2 * 2 * 2_000) / KEYS_PER_SECOND) * 1_000);
    for (const name of ["n0", "n777", "n1999"]) expect(b.state(name)).toBe("open");
    expect(b.state("n5")).toBe("closed");
  });

  /** A process with 2 000 names given as strings, of which it calls some each second, in the given way. */
  async function busy(clock: ManualClock, store: FaultyStore, how: (circuit: Circuit) => Promise<unknown>) {
    const link = store.connect({ without: ["list", "watch"], delay: 5 });
    const failfast = createFailfast({ clock, store: link });
    const circuits = Array.from({ length: 2_000 }, (_, n) => failfast(`n${n}`, 600));
    for (const circuit of circuits) await circuit.run(() => 1);
    await during(clock, 10_000, () => failfast.ready());
    const callEach = async (names: readonly number[], seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        for (const n of names) await ending(how(circuits[n] as Circuit));
        await clock.advance(1_000);
      }
    };
    return { failfast, circuits, callEach, state: (n: number) => circuits[n]?.state };
  }

  test.each<[string, (circuit: Circuit) => Promise<unknown>]>([
    ["a block", (circuit) => circuit.run(() => 1)],
    [
      "a stream",
      async (circuit) => {
        for await (const _ of circuit.stream(async function* () {
          yield 1;
        }));
      },
    ],
    ["a call with a signal", (circuit) => circuit.run(() => 1, { signal: new AbortController().signal })],
  ])("reads first, of 2 000 names, one that %s calls every second", async (_, how) => {
    const clock = manualClock();
    const store = faultyStore(clock);
    const a = await singleReader(clock, store);
    const b = await busy(clock, store, how);
    await b.callEach([7, 1_500], 60);
    for (const n of [7, 800, 1_500]) await during(clock, 50, () => a.call(`n${n}`, true));
    await b.callEach([7, 1_500], 3);
    expect([7, 1_500].map(b.state)).toEqual(["open", "open"]);
    await b.callEach([7, 1_500], (2 * 2 * 2_000) / KEYS_PER_SECOND);
    expect(b.state(800)).toBe("open");
  });

  test("also reads first names with a listener, with a wrapped function, or from arguments", async () => {
    const clock = manualClock();
    const store = faultyStore(clock);
    const a = await singleReader(clock, store);
    const b = await singleReader(clock, store, { names: 2_000 });
    const c = await busy(clock, store, (circuit) => circuit.run(() => 1));
    c.failfast.on("success", () => undefined);
    const wrapped = c.circuits[9]?.(async () => 1);
    for (let second = 0; second < 60; second++) {
      await b.call("n9");
      await wrapped?.();
      await c.callEach([10], 1);
    }
    await during(clock, 50, () => a.call("n9", true));
    await during(clock, 50, () => a.call("n10", true));
    await c.callEach([10], 1);
    await Promise.all([b.call("n9"), ending(wrapped?.() as Promise<unknown>)]);
    await c.callEach([10], 3);
    expect([b.state("n9"), c.state(9), c.state(10)]).toEqual(["open", "open", "open"]);
  });

  test("reads called names in turn, and leaves a share to those that are not called", async () => {
    const clock = manualClock();
    const store = faultyStore(clock);
    const a = await singleReader(clock, store);
    const b = await busy(clock, store, (circuit) => circuit.run(() => 1));
    const called = Array.from({ length: 300 }, (_, n) => n);
    await b.callEach(called, 60);
    for (const n of [0, 150, 299, 1_999]) await during(clock, 50, () => a.call(`n${n}`, true));
    await b.callEach(called, 15);
    expect([0, 150, 299].map(b.state)).toEqual(["open", "open", "open"]);
    await b.callEach(called, 300);
    expect(b.state(1_999)).toBe("open");
  });

  test("is asked for open circuits first: a closing is known within three seconds", async () => {
    const clock = manualClock();
    const store = faultyStore(clock);
    const a = await singleReader(clock, store);
    const b = await singleReader(clock, store, { names: 2_000 });
    for (let n = 0; n < 20; n++) await during(clock, 50, () => b.call(`n${n * 100}`, true));
    await clock.advance(60_000);
    const own = createFailfast({ clock, store: store.connect({ without: ["list", "watch"], delay: 5 }) });
    await during(clock, 1_000, () => own("n700", 600).reset());
    await clock.advance(3_000);
    expect(b.state("n700")).toBe("closed");
    expect(b.state("n800")).toBe("open");
    expect(a.told).toEqual([]);
  });

  test("is read at once when a name comes into use", async () => {
    const clock = manualClock();
    const store = faultyStore(clock);
    const a = await singleReader(clock, store);
    const b = await singleReader(clock, store, { names: 2_000 });
    await during(clock, 50, () => a.call("fresh", true));
    await clock.advance(10_000);
    expect(await b.call("fresh")).toBe("ok");
    await clock.advance(20);
    expect(await b.call("fresh")).toBe("rejected");
  });

  test("with more names than are kept is not read by a served call", async () => {
    const clock = manualClock();
    const store = faultyStore(clock);
    const { link, call } = await singleReader(clock, store, { maxCircuits: 100 });
    const before = link.operations;
    for (let n = 0; n < 20_000; n++) {
      expect(await call(`n${n % 2_000}`)).toBe("ok");
      if (n % 1_000 === 0) await clock.advance(100);
    }
    // In two seconds: the keys that may be read in that time, and those that were saved up.
    expect(link.operations - before).toBeLessThanOrEqual(4 * KEYS_PER_SECOND);
  });
});

describe("a poll when nothing has changed", () => {
  test("asks for changes only, and gets nothing", async () => {
    const clock = manualClock();
    const inner = memoryStore({ clock }) as Required<Store>;
    const record = { v: 1, revision: 5, generation: 5, nonce: "n", state: "closed", by: "h", at: 1 };
    for (let n = 0; n < 10_000; n++) void inner.set(`circuit:${n}`, JSON.stringify(record), 86_400_000);
    const entries: number[] = [];
    const store: Store = {
      ...inner,
      list(prefix, since) {
        const listed = inner.list(prefix, since);
        if (!("entries" in listed) || Array.isArray(listed)) throw new Error("a list of the other form");
        entries.push([...(listed as { entries: Iterable<StoreEntry> }).entries].length);
        return listed;
      },
    };
    const failfast = createFailfast({ clock, store });
    const circuit = failfast("x", 60);
    await during(clock, 100, () => failfast.ready());
    await clock.advance(60_000);
    await ending(circuit.run(() => Promise.reject(boom)));
    await clock.advance(30_000);
    expect(entries[0]).toBe(10_000);
    expect(entries.length).toBeGreaterThan(4);
    expect(entries.slice(1).reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  test("finds in the end a record that the store lost, although a list of changes does not show it", async () => {
    const clock = manualClock();
    const store = memoryStore({ clock }) as Required<Store>;
    const failfast = createFailfast({ clock, store });
    for (let n = 0; n < 40; n++) await ending(failfast(`x${n}`, 600).run(() => Promise.reject(boom)));
    await clock.advance(20_000);
    for (let n = 0; n < 40; n++) void store.delete(`circuit:x${n}`);
    await clock.advance(100_000);
    for (let n = 0; n < 40; n++) expect(store.get(`circuit:x${n}`)).toMatch(/"state":"open"/);
  });
});

describe("a long list", () => {
  test("is processed in slices, between which other work gets its turn", async () => {
    const clock = manualClock();
    const link = faultyStore(clock).connect();
    let taken = 0;
    let longest = 0;
    let since = 0;
    // It takes 0.1 ms to process an entry.
    link.lie = (verb, truth) =>
      verb === "list"
        ? (function* () {
            since = clock.now();
            for (; taken < 5_000; taken++) {
              clock.stall(0.1);
              longest = Math.max(longest, clock.now() - since);
              yield { key: `circuit:${taken}`, value: "{}" };
            }
          })()
        : truth;
    const failfast = createFailfast({ clock, store: link });
    failfast("x", 60);
    const beat = (): void => {
      since = clock.now();
      if (taken < 5_000) clock.after(1, beat);
    };
    void failfast.ready();
    await clock.advance(3);
    beat();
    await clock.advance(5_000);
    expect(taken).toBe(5_000);
    expect(longest).toBeLessThanOrEqual(10);
  });
});

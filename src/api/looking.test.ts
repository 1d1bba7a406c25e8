import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Circuit, createFailfast, type FailfastDefaults, memoryStore, type Store } from "../index.js";
import { manualClock } from "../testing/index.js";

/** Two processes that share a store. The circuit "x" is open for a minute. */
async function opened(settings: { delay?: number; defaults?: FailfastDefaults } = {}) {
  const clock = manualClock();
  const memory = memoryStore({ clock });
  const { delay = 0, defaults } = settings;
  const store = delay === 0 ? memory : distant(memory, delay, clock);
  await createFailfast({ clock, store: memory })("x", 60).trip({ reason: "deploy" });
  return { clock, memory, looker: createFailfast({ clock, store, ...defaults }) };
}

/** Answers with promises, later. */
function distant(store: Store, delay: number, clock: ReturnType<typeof manualClock>): Store {
  const later =
    <A extends unknown[], R>(verb: ((...args: A) => R) | undefined) =>
    (...args: A): Promise<R> =>
      new Promise((resolve) => clock.after(delay, () => resolve(verb?.apply(store, args) as R)));
  const { get, set, delete: remove, swap, list, watch } = store;
  const verbs = {
    get: later(get),
    set: later(set),
    delete: later(remove),
    swap: later(swap),
    list: later(list),
  };
  return { ...verbs, watch: later(watch) } as Store;
}

const handles: readonly [string, (of: ReturnType<typeof createFailfast>) => Circuit][] = [
  ["that is defined here", (failfast) => failfast("x", 60)],
  ["by its name alone", (failfast) => failfast("x")],
  ["of one of many names", (failfast) => failfast((name: string) => name, 60).for("x")],
];

async function failuresUntilOpen(circuit: Circuit): Promise<number> {
  for (let failures = 0; ; failures++) {
    if (circuit.state === "open") return failures;
    const failed = circuit.run(() => Promise.reject(new Error("down")));
    await expect(failed).rejects.toThrow("down");
  }
}

afterEach(() => void vi.unstubAllEnvs());

describe("a circuit that this process has not called yet", () => {
  test.each(handles)("%s shows the state that its first call will find", async (_, handle) => {
    const { looker } = await opened();
    const circuit = handle(looker);
    expect([circuit.state, circuit.retryAfter, circuit.held]).toEqual(["open", 60, undefined]);
    expect(circuit.snapshot()).toMatchObject({ state: "open", reason: "deploy" });
    await looker.close();
  });

  test.each(handles)("%s, in a store 50 ms away, is read after the first look at it", async (_, handle) => {
    const { clock, memory, looker } = await opened({ delay: 50 });
    const circuit = handle(looker);
    expect(circuit.state).toBe("closed");
    await clock.advance(1_000);
    expect(circuit.state).toBe("open");
    const closed: string[] = [];
    circuit.on("close", ({ circuit: name }) => closed.push(name));
    await createFailfast({ clock, store: memory })("x").reset();
    await clock.advance(1_000);
    expect([circuit.state, closed]).toEqual(["closed", ["x"]]);
    const closing = looker.close();
    await clock.advance(1_000);
    await closing;
  });

  test("asks no store if it is disabled", async () => {
    const { looker } = await opened({ defaults: { enabled: false } });
    expect(looker("x", 60).state).toBe("closed");
  });

  test("still takes defaults after a look that found no store", () => {
    const failfast = createFailfast();
    expect(failfast("x", 60).state).toBe("closed");
    failfast.configure({ store: memoryStore() });
  });

  test("still takes defaults after a look at a store", async () => {
    const { looker } = await opened();
    const [circuit, named] = [looker("y", 10), looker("z")];
    expect([circuit.state, named.state]).toEqual(["closed", "closed"]);
    looker.configure({ threshold: 3 });
    await expect(named.run(() => 1)).rejects.toThrow(RangeError);
    expect(await failuresUntilOpen(circuit)).toBe(3);
    expect(() => looker.configure({ threshold: 2 })).toThrow('have been called: "y"');
    await looker.close();
  });

  test("uses the default store that is set after a look at another one", async () => {
    const { looker, clock } = await opened();
    const circuit = looker("x", 60);
    expect(circuit.state).toBe("open");
    looker.configure({ store: memoryStore({ clock }) });
    expect([circuit.state, await circuit.run(() => 1)]).toEqual(["closed", 1]);
    await looker.close();
  });

  test.each(handles)("%s still counts as not called after looks at it", async (_, handle) => {
    const { looker, clock } = await opened();
    const circuit = handle(looker);
    expect(circuit.state).toBe("open");
    const closed: string[] = [];
    looker.on("close", ({ circuit: name }) => closed.push(name));
    looker.configure({ threshold: 3 });
    await clock.advance(60_000);
    expect(circuit.state).toBe("half-open");
    await looker("x").reset();
    expect(closed).toEqual(["x"]);
    expect(() => looker.configure({ threshold: 2 })).toThrow('have been called: "x"');
    await looker.close();
  });

  test.each(handles)(
    "%s tells what it saw once, also if defaults change after the look",
    async (_, handle) => {
      const { looker, clock, memory } = await opened();
      await createFailfast({ clock, store: memory })("x").hold("open");
      const told: string[] = [];
      for (const event of ["open", "half-open", "close", "hold", "release"] as const)
        looker.on(event, () => told.push(event));
      const circuit = handle(looker);
      expect(circuit.state).toBe("open");
      looker.configure({ threshold: 3 });
      looker.configure({ maxCircuits: 5 });
      expect(circuit.state).toBe("open");
      expect(told).toEqual(["hold", "open"]);
      await looker.close();
    },
  );

  test("that two functions name takes the defaults that come after a look, without a warning", async () => {
    const warned: unknown[] = [];
    const hear = (warning: Error & { code?: string }): void => void warned.push(warning.code);
    process.on("warning", hear);
    onTestFinished(() => void process.off("warning", hear));
    const { looker, clock, memory } = await opened();
    const [one, two] = [1, 2].map(() => looker((name: string) => name, 60).for("x"));
    expect([one?.state, two?.state]).toEqual(["open", "open"]);
    looker.configure({ threshold: 3 });
    expect([one?.state, two?.state]).toEqual(["open", "open"]);
    await createFailfast({ clock, store: memory })("x").reset();
    expect(await failuresUntilOpen(one as Circuit)).toBe(3);
    expect(two?.state).toBe("open");
    await looker.close();
    expect(warned).toEqual([]);
  });

  test("named by arguments takes its defaults after a look, when it is called", async () => {
    const { looker } = await opened();
    await looker("x").reset();
    const memory = memoryStore();
    const failfast = createFailfast({ store: memory });
    const other = createFailfast({ store: memory });
    await other("a", 60).trip();
    const circuits = failfast((name: string) => name, 60);
    await failfast.ready();
    expect(circuits.for("a").state).toBe("open");
    failfast.configure({ threshold: 3 });
    await other("a").reset();
    expect(await failuresUntilOpen(circuits.for("a"))).toBe(3);
    await Promise.all([failfast.close(), other.close(), looker.close()]);
  });

  test.each(handles)("%s uses the clock and the host that are configured after a look", async (_, handle) => {
    const { looker, memory, clock } = await opened({ defaults: { clock: manualClock(), host: "old" } });
    const circuit = handle(looker);
    expect(circuit.state).toBe("open");
    const closed: string[] = [];
    circuit.on("close", ({ circuit: name }) => closed.push(name));
    looker.configure({ clock, host: "new" });
    expect(circuit.state).toBe("open");
    await clock.advance(60_000);
    expect(circuit.state).toBe("half-open");
    await createFailfast({ clock, store: memory })("x").reset();
    expect([circuit.state, closed]).toEqual(["closed", ["x"]]);
    await circuit.trip();
    expect(createFailfast({ clock, store: memory })("x").snapshot().by).toMatch(/^new\//);
    await looker.close();
  });

  test("releases the store of the look if another one is configured", async () => {
    const { looker, memory } = await opened();
    const watch = vi.spyOn(memory, "watch");
    expect(looker("x", 60).state).toBe("open");
    const live = watch.mock.results[0]?.value as AsyncDisposable;
    const ended = vi.spyOn(live, Symbol.asyncDispose);
    looker.configure({ store: memoryStore() });
    await expect.poll(() => ended.mock.calls.length).toBe(1);
    await looker.close();
  });

  test("still takes the options that its first definition left out", async () => {
    vi.stubEnv("NODE_ENV", "production");
    const { looker } = await opened();
    const first = looker("y", 10);
    expect(first.state).toBe("closed");
    looker("y", 10, { threshold: 3 });
    expect(await failuresUntilOpen(first)).toBe(3);
    expect(() => looker("y", 10, { threshold: 2 })).toThrow(TypeError);
    await looker.close();
  });

  test("is read through an enabled handle beside a disabled one", async () => {
    const { looker } = await opened();
    const off = looker("x", 60, { enabled: false });
    const on = looker("x", 60);
    expect(off.state).toBe("closed");
    expect(on.state).toBe("open");
    await looker.close();
  });

  test("opens no store once its failfast is closed", async () => {
    const { looker, memory } = await opened();
    await looker.close();
    const watch = vi.spyOn(memory, "watch");
    expect(looker("x", 60).state).toBe("closed");
    expect(watch).not.toHaveBeenCalled();
  });
});

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createFailfast } from "../index.js";
import { fileStore } from "../stores/file.js";
import { memoryStore } from "../stores/memory.js";
import { manualClock } from "../testing/index.js";
import { type Fleet, observeFleet } from "./fleet.js";

const open: AsyncDisposable[] = [];
const keep = <T extends AsyncDisposable>(one: T): T => {
  open.push(one);
  return one;
};
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "failfast-fleet-"));
  open.push({ [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) });
  return dir;
}

const circuitIn = (fleet: Fleet, name: string) => fleet.view().circuits.find((each) => each.name === name);
const fails = async (): Promise<never> => {
  throw new Error("the backend is down");
};

describe("observeFleet", () => {
  test("shows what another process opened: why, since when, until when and by whom", async () => {
    const dir = await folder();
    const began = Date.now();
    const other = keep(createFailfast({ store: fileStore(dir), host: "web-1" }));
    await other("sales_api", 60)
      .run(fails)
      .catch(() => undefined);
    await other.settled();
    const fleet = keep(observeFleet(fileStore(dir)));
    await fleet.ready();
    const seen = circuitIn(fleet, "sales_api");
    expect(seen).toMatchObject({ state: "open", held: undefined, reason: "Error" });
    expect(seen?.by).toMatch(/^web-1\/\d+\//);
    expect(seen?.since).toBeGreaterThanOrEqual(began - 1);
    expect(seen?.until).toBeGreaterThan(began + 50_000);
    expect(fleet.view().store).toMatchObject({ up: true, latencyMs: expect.any(Number) });
  });

  test("shows an operator's hold to all, with reason and name, records it on the trail, and can undo it", async () => {
    const dir = await folder();
    const other = keep(createFailfast({ store: fileStore(dir) }));
    const salesApi = other("sales_api", 60);
    await salesApi.run(async () => "fine");
    const fleet = keep(observeFleet(fileStore(dir), { by: "alice@laptop" }));
    await fleet.ready();
    expect(await fleet.hold("sales_api", "open", { reason: "migration" })).toMatchObject({ stored: true });
    await vi.waitFor(() => expect(salesApi.held).toBe("open"), { timeout: 20_000 });
    expect(salesApi.snapshot()).toMatchObject({ by: "alice@laptop", reason: "migration" });
    await vi.waitFor(() => expect(circuitIn(fleet, "sales_api")?.held).toBe("open"), { timeout: 20_000 });
    expect(await fleet.release("sales_api", { by: "bob", reason: "done" })).toEqual({ stored: true });
    await vi.waitFor(() => expect(salesApi.held).toBeUndefined(), { timeout: 20_000 });
    expect(await fleet.events()).toMatchObject([
      { verb: "release", circuit: "sales_api", by: "bob", reason: "done" },
      { verb: "hold", holds: "open", circuit: "sales_api", by: "alice@laptop", reason: "migration" },
    ]);
  });

  test("records a handle's own verbs on the trail", async () => {
    const dir = await folder();
    const other = keep(createFailfast({ store: fileStore(dir), host: "web-1" }));
    await other("sales_api").trip({ reason: "it lies", for: "5m" });
    const fleet = keep(observeFleet(fileStore(dir)));
    const [entry] = await fleet.events();
    expect(entry).toMatchObject({ verb: "trip", circuit: "sales_api", reason: "it lies" });
    expect(entry?.by).toMatch(/^web-1\//);
    expect(Number(entry?.until) - Number(entry?.at)).toBe(300_000);
  });

  test("shows the closed circuits of its own failfast, even without reports", async () => {
    const failfast = keep(createFailfast({ store: memoryStore() }));
    await failfast("sales_api", "2m", { threshold: 3 }).run(async () => "fine");
    const fleet = keep(observeFleet(failfast));
    await fleet.ready();
    expect(circuitIn(fleet, "sales_api")).toMatchObject({
      state: "closed",
      settings: { timeout: "2m", threshold: "3", window: "10s" },
      processes: [{ state: "closed", disagrees: undefined }],
    });
    expect(fleet.view().processes).toMatchObject([{ pid: process.pid, circuits: 1, storeUp: true }]);
  });

  test("notifies listeners of changes, at most four times a second", async () => {
    const failfast = keep(createFailfast({ store: memoryStore() }));
    const salesApi = failfast("sales_api", 60);
    await salesApi.run(async () => "fine");
    const fleet = keep(observeFleet(failfast));
    await fleet.ready();
    const told = vi.fn();
    fleet.subscribe(told);
    const began = performance.now();
    while (performance.now() - began < 600) await salesApi.hold("open").then(() => salesApi.release());
    await vi.waitFor(() => expect(told).toHaveBeenCalled(), { timeout: 20_000 });
    expect(told.mock.calls.length).toBeLessThanOrEqual((performance.now() - began) / 250 + 1);
  });

  test("shows a failing store as down, with its error, and view() does not throw", async () => {
    const store = { ...memoryStore(), list: () => Promise.reject(new Error("connection refused")) };
    const fleet = keep(observeFleet(store));
    await fleet.ready();
    expect(fleet.view().store).toMatchObject({ up: false, error: "connection refused" });
    expect(fleet.view().circuits).toEqual([]);
  });

  test("shows a store without room for reports as down, if it should have it", async () => {
    const sibling = () => {
      throw new Error("EACCES: permission denied");
    };
    const failfast = keep(createFailfast({ store: { ...memoryStore(), sibling } }));
    await failfast("sales_api", 60).run(async () => "fine");
    const fleet = keep(observeFleet(failfast));
    await fleet.ready();
    expect(circuitIn(fleet, "sales_api")).toMatchObject({ state: "closed" });
    await expect(fleet.events()).resolves.toEqual([]);
  });

  test("gives up a trail that hangs after five seconds, with a likely cause", async () => {
    vi.useFakeTimers();
    try {
      const memory = memoryStore();
      const sibling = () => ({ ...memory, get: () => new Promise<never>(() => undefined) });
      const fleet = keep(observeFleet({ ...memory, sibling }));
      const said = expect(fleet.events()).rejects.toThrow(/did not answer within 5000 ms: its server hangs/);
      await vi.advanceTimersByTimeAsync(6_000);
      await said;
    } finally {
      vi.useRealTimers();
    }
  });

  test("shows the same calls to all observers of one failfast, and stops counting after the last one", async () => {
    const clock = manualClock();
    const { sibling: _, ...store } = memoryStore({ clock });
    const failfast = keep(createFailfast({ store, clock }));
    const salesApi = failfast("sales_api", 60);
    await salesApi.run(async () => "fine");
    const before = clock.pending;
    const fleets = [observeFleet(failfast), observeFleet(failfast)];
    for (const fleet of fleets) fleet.view();
    for (let call = 0; call < 9; call++) await salesApi.run(async () => "fine");
    const items = salesApi.stream(async function* () {
      yield* ["a stream", "is a call"];
    });
    for await (const item of items) expect(item).toBeTypeOf("string");
    expect(fleets.map((fleet) => circuitIn(fleet, "sales_api")?.totals.calls)).toEqual([10, 10]);
    expect(clock.pending).toBe(before + 1);
    for (const fleet of fleets) await fleet[Symbol.asyncDispose]();
    for (const fleet of fleets) fleet.view();
    expect(clock.pending).toBe(before);
  });
});

test("waits at its end until the last action is on the trail", async () => {
  const beside = memoryStore();
  let written = false;
  const slow = {
    ...beside,
    get: async (key: string) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return beside.get(key);
    },
    swap: (...asked: Parameters<NonNullable<typeof beside.swap>>) => {
      written = true;
      return beside.swap?.(...asked) ?? { ok: false, value: null };
    },
  };
  const asked = vi.fn(slow.get);
  const fleet = observeFleet({ ...memoryStore(), sibling: () => ({ ...slow, get: asked }) });
  const held = fleet.hold("sales_api", "open");
  await vi.waitFor(() => expect(asked).toHaveBeenCalled(), { timeout: 20_000 });
  await fleet[Symbol.asyncDispose]();
  expect(written).toBe(true);
  expect(await held).toMatchObject({ stored: true });
});

test("warns once while what operators do can't be written to the trail", async () => {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const place = memoryStore();
  const { get } = place;
  place.get = () => Promise.reject(new Error("NOPERM"));
  const store = { ...memoryStore(), sibling: () => place };
  const fleet = observeFleet(store, { by: "alice" });
  expect(await fleet.hold("sales_api", "open")).toMatchObject({ stored: true });
  expect(warned).toHaveBeenCalledExactlyOnceWith(
    expect.stringMatching(/^what alice did is not on the audit trail, .*: Error: NOPERM$/),
    { type: "FailfastWarning", code: "FAILFAST_TRAIL" },
  );
  await fleet.release("sales_api");
  expect(warned).toHaveBeenCalledOnce();
  place.get = get;
  await fleet.trip("sales_api");
  place.get = () => Promise.reject(new Error("NOPERM"));
  await fleet.reset("sales_api");
  expect(warned).toHaveBeenCalledTimes(2);
  warned.mockRestore();
  await fleet[Symbol.asyncDispose]();
});

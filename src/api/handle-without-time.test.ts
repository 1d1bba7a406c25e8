import { afterEach, describe, expect, test, vi } from "vitest";
import { createFailfast, FailfastError, memoryStore } from "../index.js";
import { manualClock } from "../testing/index.js";
import { fail, openSeconds } from "./failfast.fixture.js";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("a handle without a time", () => {
  test("operates a circuit that is created later with other options, and those apply", async () => {
    const failfast = createFailfast({ clock: manualClock() });
    const operator = failfast("billing");
    await operator.trip({ for: "5m" });
    await operator.hold("closed");
    await operator.release();
    await operator.reset();
    const circuit = failfast("billing", 600, { threshold: 2, window: "1m" });
    expect(await openSeconds(circuit)).toBe(0);
    expect(await openSeconds(circuit)).toBe(600);
    expect([operator.state, operator.retryAfter]).toEqual(["open", 600]);
  });

  test("with a default time does not fix the circuit's options when it is used by an operator", async () => {
    vi.stubEnv("NODE_ENV", "production");
    const failfast = createFailfast({ clock: manualClock(), timeout: 30 });
    await failfast("billing").trip();
    await failfast("billing").reset();
    expect(await openSeconds(failfast("billing", 600))).toBe(600);
  });

  test("operates circuits that are named by a call's arguments, before and after they are created", async () => {
    const failfast = createFailfast({ clock: manualClock() });
    await failfast("api:a").hold("open");
    const byHost = failfast((host: string) => `api:${host}`, 600, { probes: 2 });
    const get = byHost(async (host: string) => host);
    await expect(get("a")).rejects.toBeInstanceOf(FailfastError);
    await failfast("api:a").release();
    expect(await get("a")).toBe("a");
    await failfast("api:b").trip({ for: "5m" });
    await expect(get("b")).rejects.toBeInstanceOf(FailfastError);
    await failfast("api:b").reset();
    expect(await openSeconds(byHost.for("b"))).toBe(600);
  });

  test("shows the state of a circuit that a call's arguments named, with and without a store", async () => {
    for (const defaults of [{}, { store: memoryStore() }]) {
      const failfast = createFailfast(defaults);
      const call = failfast(
        (host: string) => host,
        60,
      )(async (_host: string) => {
        throw new Error("down");
      });
      const before = failfast("a.test");
      await call("a.test").catch(() => undefined);
      expect([before.state, failfast("a.test").state, failfast("b.test").state]).toEqual([
        "open",
        "open",
        "closed",
      ]);
    }
  });

  test("rejects a call with an error that asks for a time", async () => {
    const failfast = createFailfast();
    const handle = failfast("nobody");
    expect([handle.state, handle.retryAfter, handle.held]).toEqual(["closed", 0, undefined]);
    await expect(handle.run(() => 1)).rejects.toThrow(/nobody has given the circuit "nobody" a time/);
    await expect(handle(async () => 1)()).rejects.toThrow(RangeError);
    await handle.trip();
    await expect(handle.run(() => 1)).rejects.toThrow(RangeError);
    failfast("nobody", 60);
    await expect(handle.run(() => 1)).rejects.toBeInstanceOf(FailfastError);
  });

  test("belongs to the circuit of its name, whether that was created before or after it", async () => {
    const failfast = createFailfast({ clock: manualClock() });
    const early = failfast("x");
    const heard: string[] = [];
    early.on("open", ({ circuit }) => heard.push(circuit));
    const guarded = early(fail);
    failfast("x", 60);
    await expect(guarded()).rejects.toThrow("boom");
    expect([early.state, failfast("x").state, heard]).toEqual(["open", "open", ["x"]]);
  });

  test("shows the store's state in a process that guards nothing", async () => {
    const store = memoryStore();
    await createFailfast({ store })("x", 60).trip({ for: "5m", reason: "maintenance" });
    const script = createFailfast({ store });
    await script.ready();
    const handle = script("x");
    expect([handle.state, handle.snapshot().reason]).toEqual(["open", "maintenance"]);
    await handle.reset();
    expect(handle.state).toBe("closed");
  });

  test("emits the fleet's events", async () => {
    const store = memoryStore();
    const heard: string[] = [];
    const watcher = createFailfast({ store });
    watcher("x").on("open", ({ reason }) => heard.push(reason));
    await watcher.ready();
    await createFailfast({ store })("x", 60).trip({ reason: "maintenance" });
    expect(heard).toEqual(["maintenance"]);
  });
});

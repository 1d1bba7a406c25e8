import { describe, expect, test } from "vitest";
import { createFailfast, FailfastError, memoryStore, type Store } from "../index.js";
import { manualClock } from "../testing/index.js";
import { fail, rejection } from "./failfast.fixture.js";

describe("an operator's verb", () => {
  test("reports a misspelt name as unknown", async () => {
    const store = memoryStore();
    const app = createFailfast({ store })("billing", 60);
    const script = createFailfast({ store });
    expect(await script("biling").reset()).toEqual({ stored: true, known: false });
    expect(await script("biling2").hold("open")).toEqual({ stored: true, known: false });
    await app.trip();
    expect(await script("billing").reset()).toEqual({ stored: true });
    expect(await createFailfast({ store })("billing").hold("open")).toEqual({ stored: true });
    expect(await app.release()).toEqual({ stored: true });
  });

  test("knows a name that is defined or guarded here, even if it never opened", async () => {
    const failfast = createFailfast({ timeout: 60 });
    failfast("defined", 60);
    failfast("wrapped")(async () => 1);
    const byHost = failfast((host: string) => `api:${host}`, 60);
    await byHost(async (host: string) => host)("a");
    for (const circuit of [failfast("defined"), failfast("wrapped"), byHost.for("a")])
      expect(await circuit.reset()).toEqual({ stored: true });
    expect(await failfast("mispelt").reset()).toEqual({ stored: true, known: false });
  });

  test("takes times in every form, and its error lists the forms", async () => {
    const clock = manualClock();
    const circuit = createFailfast({ clock })("x", 60);
    await circuit.hold("open", { until: "10m" });
    expect([circuit.retryAfter, circuit.snapshot().until]).toEqual([600, clock.wall() + 600_000]);
    await circuit.hold("open", { until: new Date(clock.wall() + 60_000) });
    expect(circuit.retryAfter).toBe(60);
    await circuit.hold("open", { until: clock.wall() + 30_000 });
    expect(circuit.retryAfter).toBe(30);
    await circuit.hold("open", { until: 600 });
    expect(circuit.retryAfter).toBe(600);
    for (const until of ["25h", "0s", -1, new Date(0), new Date(Number.NaN), clock.wall() - 1] as const)
      await expect(circuit.hold("open", { until })).rejects.toThrow(/^until is (?!an object)/);
    await expect(circuit.hold("open", { until: "soon" as never })).rejects.toThrow(TypeError);
  });

  test("throws for unknown arguments, and does nothing", async () => {
    const circuit = createFailfast()("x", 60);
    const refused = [
      [() => circuit.hold("open", { for: "5m" } as never), /"for".* until, reason, by/],
      [() => circuit.trip({ until: "5m" } as never), /"until".* for, reason, by/],
      [() => circuit.reset({ reasno: "well again" } as never), /"reasno".* reason, by/],
      [() => circuit.reset("well again" as never), /the options are "well again": they take an object/],
      [() => circuit.release(null as never), /the options are null: they take an object/],
    ] as const;
    for (const [verb, message] of refused) {
      await expect(verb()).rejects.toThrow(TypeError);
      await expect(verb()).rejects.toThrow(message);
    }
    expect([circuit.state, circuit.held]).toEqual(["closed", undefined]);
  });

  test("that loses races tries again until it wins", async () => {
    const real = memoryStore();
    let lost = 0;
    const store: Store = {
      ...real,
      swap(key, expect, value, ttlMs) {
        // Others write again and again, as in a crowd of processes.
        if (value.includes('"reset') && lost++ < 20) return { ok: false, value: expect };
        return real.swap?.(key, expect, value, ttlMs) ?? { ok: false, value: null };
      },
    };
    const circuit = createFailfast({ store })("x", 60);
    await circuit.trip();
    expect(await circuit.reset({ reason: "reset" })).toEqual({ stored: true });
    expect([circuit.state, lost]).toEqual(["closed", 21]);
  });

  test("asks a store that refuses writes and answers reads some dozen times", async () => {
    const clock = manualClock();
    const real = memoryStore({ clock });
    let refused = 0;
    const store: Store = {
      ...real,
      swap() {
        refused++;
        throw new Error("not authorised to write");
      },
    };
    const circuit = createFailfast({ store, clock, report: false })("x", 60);
    const answer = circuit.reset();
    await clock.advance(6_500);
    expect(await answer).toMatchObject({ stored: false });
    expect(refused).toBeLessThan(40);
  });

  test("reports stored: true if its last attempt began in time and was granted", async () => {
    const clock = manualClock();
    const real = memoryStore({ clock });
    const store: Store = {
      ...real,
      async swap(key, expect, value, ttlMs) {
        await new Promise<void>((done) => clock.after(200, done));
        if (clock.now() - began < 5_500) return { ok: false, value: expect };
        return real.swap?.(key, expect, value, ttlMs) ?? { ok: false, value: null };
      },
    };
    const circuit = createFailfast({ store, clock })("x", 60);
    const began = clock.now();
    const answer = circuit.hold("closed");
    await clock.advance(6_500);
    expect(await answer).toEqual({ stored: true });
    expect(circuit.held).toBe("closed");
  });
});

test("a held circuit shows who holds it, why, since when and until when", async () => {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const circuit = createFailfast({ clock, store, host: "a" })("x", 60);
  await circuit.run(() => Promise.reject(new TypeError("boom"))).catch(() => undefined);
  await clock.advance(5_000);
  const until = clock.wall() + 600_000;
  await createFailfast({ clock, store, host: "ops" })("x").hold("open", { reason: "game day", until: "10m" });
  await clock.advance(1);
  expect(circuit.snapshot()).toMatchObject({
    state: "open",
    held: "open",
    reason: "game day",
    by: expect.stringMatching(/^ops\//),
    at: until - 600_000,
    until,
  });
  await circuit.release();
  expect(circuit.snapshot()).toMatchObject({
    held: undefined,
    reason: "TypeError",
    by: expect.stringMatching(/^a\//),
  });
});

describe("circuits()", () => {
  test("lists the fleet's circuits in any process, as the store has them", async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const app = createFailfast({ clock, store, host: "app" });
    app("never-opened", 60);
    await app("tripped", 60).trip({ reason: "maintenance" });
    await app("héld {1}", 60).hold("closed", { reason: "game day" });
    await app("closed", 60).trip();
    await app("closed").reset();
    const long = `tenant:${"x".repeat(200)}`;
    await app(long, 60).trip();
    await clock.advance(10_000);
    const listed = await createFailfast({ clock, store }).fleet();
    expect(listed.map(({ name, state, held, retryAfter }) => [name, state, held, retryAfter])).toEqual([
      ["closed", "closed", undefined, 0],
      ["héld {1}", "closed", "closed", 0],
      [expect.stringMatching(/^tenant:x+…[0-9a-f]{8}$/), "open", undefined, 50],
      ["tripped", "open", undefined, 50],
    ]);
    expect(listed.at(-1)).toMatchObject({
      reason: "maintenance",
      by: expect.stringMatching(/^app\//),
      until: clock.wall() + 50_000,
    });
    expect((await app.fleet()).map(({ name }) => name)).toContain("never-opened");
    await clock.advance(51_000);
    expect((await app.fleet()).at(-1)).toMatchObject({ name: "tripped", state: "half-open", retryAfter: 0 });
  });

  test("lists the circuits in use here if the store can't list", async () => {
    const { get, set, delete: remove } = memoryStore();
    const store = { get, set, delete: remove };
    await createFailfast({ store })("x", 60).trip();
    const failfast = createFailfast({ store });
    failfast("x");
    failfast("y", 60);
    expect((await failfast.fleet()).map(({ name, state }) => [name, state])).toEqual([
      ["x", "open"],
      ["y", "closed"],
    ]);
  });

  test("rejects while the store is down, and its error says so", async () => {
    const down = (): never => {
      throw new Error("down");
    };
    await expect(
      createFailfast({ store: { get: down, set: down, delete: down, list: down } }).fleet(),
    ).rejects.toThrow("down");
  });
});

test("new options keep the state and the counts of a running circuit", async () => {
  const clock = manualClock();
  const failfast = createFailfast({ clock });
  const circuit = failfast("x", 60, { threshold: 3, window: "1m" });
  const guarded = circuit(async () => {
    throw new Error("boom");
  });
  const fail = async (): Promise<void> => void (await guarded().catch(() => undefined));
  await fail();
  await fail();
  circuit.update({ timeout: "5m", stackTraces: true });
  await fail();
  expect([circuit.state, circuit.retryAfter]).toEqual(["open", 300]);
  circuit.update({ timeout: 30 });
  expect(circuit.retryAfter).toBe(300);
  await circuit.reset();
  circuit.update({ threshold: 1, window: undefined });
  await fail();
  expect([circuit.state, circuit.retryAfter]).toEqual(["open", 30]);
  const error = (await guarded().catch((thrown: unknown) => thrown)) as FailfastError;
  expect(error.stack).toContain("    at ");
  for (const wrong of [
    { store: memoryStore() },
    { fallback: () => 1 },
    { threshold: 0 },
    { quorum: 2, scope: "process" },
  ])
    expect(() => circuit.update(wrong as never)).toThrow();
  expect(() => failfast("x", 30)).not.toThrow();
  expect(() => failfast("nobody").update({ threshold: 2 })).toThrow(/"nobody" has no options here/);
});

test("slow calls count from the moment slowCall is set", async () => {
  const clock = manualClock();
  const circuit = createFailfast({ clock })("x", 60);
  const guarded = circuit(async () => {
    await clock.advance(500);
  });
  for (let n = 0; n < 3; n++) await guarded();
  circuit.update({ slowCall: "400ms", minimumCalls: 2 });
  for (let n = 0; n < 2; n++) await guarded();
  expect(circuit.state).toBe("open");
});

test("new options of a circuit named by arguments apply to that name only", async () => {
  const clock = manualClock();
  const byHost = createFailfast({ clock })((host: string) => host, 60, { maxCircuits: 1 });
  byHost.for("a").update({ timeout: 30 });
  await byHost.for("b").trip();
  expect(byHost.for("b").retryAfter).toBe(60);
  await byHost.for("a").trip();
  expect(byHost.for("a").retryAfter).toBe(30);
});

describe("operators", () => {
  test("trip, reset, hold and release for every process of the fleet, and learn that it was stored", async () => {
    const store = memoryStore();
    const here = createFailfast({ store })("x", 60);
    const there = createFailfast({ store })("x", 60);
    await there.run(() => 1);
    expect(await here.trip({ reason: "maintenance", for: "5m" })).toEqual({ stored: true });
    expect([there.state, Math.round(there.retryAfter)]).toEqual(["open", 300]);
    expect(there.snapshot()).toMatchObject({ reason: "maintenance" });
    await here.reset();
    expect(there.state).toBe("closed");
    await here.hold("open", { reason: "game day" });
    expect([there.held, await rejection(() => there.run(() => 1))]).toEqual([
      "open",
      expect.any(FailfastError),
    ]);
    await here.hold("closed");
    await rejection(() => there.run(fail));
    expect([there.held, there.state]).toEqual(["closed", "closed"]);
    await here.release();
    expect(there.held).toBeUndefined();
  });

  test("set a hold that ends by itself", async () => {
    const clock = manualClock();
    const circuit = createFailfast({ clock })("x", 60);
    await circuit.hold("open", { until: clock.wall() + 5_000 });
    expect(circuit.held).toBe("open");
    await clock.advance(5_001);
    expect([circuit.held, circuit.state]).toEqual([undefined, "closed"]);
  });

  test("get an error for wrong arguments", async () => {
    const circuit = createFailfast()("x", 60);
    await expect(circuit.hold("ajar" as never)).rejects.toThrow(TypeError);
    await expect(circuit.hold("open", { until: new Date(0) })).rejects.toThrow(RangeError);
    await expect(circuit.trip({ for: "2d" })).rejects.toThrow(RangeError);
    await expect(circuit.trip({ reason: 1 as never })).rejects.toThrow(TypeError);
  });
});

import { describe, expect, test } from "vitest";
import { createFailfast } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { faultyStore } from "./faulty-store.js";
import { at, boom, during, ending, fleet, pendingCall } from "./fleet.js";

describe.each([200, 260, 700, 1_000])("with a store %i ms away", (delay) => {
  test("a trip is written once and shared, and the store is not reported as down", async () => {
    const { clock, members, store } = await fleet(3, { delay });
    const down: unknown[] = [];
    for (const { failfast } of members) failfast.on("store-down", ({ error }) => down.push(error));
    expect(await at(members, 0).fail()).toBe("failed");
    await clock.advance(3 * delay);
    for (const { succeed } of members) expect(await succeed()).toBe("rejected");
    await clock.advance(30_000);
    expect(store.written).toHaveLength(1);
    expect(down).toEqual([]);
  });

  test("one probe closes the circuit for all", async () => {
    const { clock, members } = await fleet(2, { delay, timeout: 30 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await a.fail();
    await clock.advance(31_000 + delay);
    const rejected = a.succeed();
    await clock.advance(2 * delay);
    // The lease that came too late for that call belongs to this process's next one.
    if ((await rejected) === "rejected") {
      const probe = pendingCall(a.circuit);
      expect(probe.made()).toBe(true);
      expect(await during(clock, 300, b.succeed)).toBe("rejected");
      probe.succeed();
      await probe.end;
    }
    await clock.advance(4 * delay);
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["closed", "closed"]);
  });

  test("an operator learns that the change is stored", async () => {
    const { clock, members } = await fleet(2, { delay });
    const [a, b] = [at(members, 0), at(members, 1)];
    expect(await during(clock, 3_000, () => a.circuit.trip())).toEqual({ stored: true });
    expect(b.circuit.state).toBe("open");
    expect(await during(clock, 3_000, () => b.circuit.reset())).toEqual({ stored: true });
    expect(a.circuit.state).toBe("closed");
    expect(await during(clock, 3_000, () => a.circuit.hold("open"))).toEqual({ stored: true });
    expect(b.circuit.held).toBe("open");
    expect(await during(clock, 3_000, () => b.circuit.release())).toEqual({ stored: true });
    expect(a.circuit.held).toBeUndefined();
  });

  test("the first operation of a new process, by an operator, is stored", async () => {
    const clock = manualClock();
    const store = faultyStore(clock);
    const script = createFailfast({ clock, store: store.connect({ delay }) });
    expect(await during(clock, 5_000, () => script("x", 60).reset())).toEqual({ stored: true });
    expect(store.record("x")).toMatchObject({ state: "closed" });
  });
});

describe("a late answer counts", () => {
  test("for a write that takes twenty seconds", async () => {
    const { clock, members, store } = await fleet(1, { timeout: 600 });
    const { link, fail, circuit } = at(members, 0);
    link.delay = 20_000;
    link.pushes = "lost";
    await fail();
    await clock.advance(20_000);
    link.delay = 1;
    await clock.advance(1);
    expect(store.written).toHaveLength(1);
    expect(circuit.snapshot().pending).toBe(false);
    await clock.advance(60_000);
    expect(store.written).toHaveLength(1);
  });

  test("for a list that always takes six seconds, which is reported as slow at most once", async () => {
    const { clock, members, store } = await fleet(2);
    const [a, b] = [at(members, 0), at(members, 1)];
    const told: string[] = [];
    b.failfast.on("store-down", () => told.push("down"));
    b.failfast.on("store-up", () => told.push("up"));
    b.link.delay = 6_000;
    b.link.pushes = "lost";
    await during(clock, 50, a.fail);
    await clock.advance(40_000);
    expect(b.circuit.state).toBe("open");
    await clock.advance(600_000);
    expect(told.length).toBeLessThanOrEqual(2);
    expect(store.written).toHaveLength(1);
  });
});

describe("the first trip", () => {
  test.each([
    ["whose empty list has the time", true, 0],
    ["whose empty list has no time", false, 0],
    ["whose empty list has a time other than the wall clock's", true, 3_600_000],
  ])("is one swap in a store %s", async (_, told, skew) => {
    const clock = manualClock();
    const store = faultyStore(clock, { skew });
    const link = store.connect();
    link.lie = (verb, truth) =>
      verb === "list" && told ? { entries: truth, now: clock.wall() + skew } : truth;
    const failfast = createFailfast({ clock, store: link });
    const circuit = failfast("x", 60);
    await during(clock, 50, () => failfast.ready());
    await ending(circuit.run(() => Promise.reject(boom)));
    await clock.advance(50);
    expect(store.record("x")).toMatchObject({ state: "open", until: clock.wall() + skew + 60_000 - 50 });
    expect(link.counts.swap).toBe(1);
  });

  test("is one swap before any read is answered", async () => {
    const clock = manualClock();
    const store = faultyStore(clock);
    const link = store.connect({ delay: 100 });
    const circuit = createFailfast({ clock, store: link })("x", 60);
    await ending(circuit.run(() => Promise.reject(boom)));
    await clock.advance(1_000);
    expect(store.record("x")).toMatchObject({ state: "open" });
    expect(link.counts.swap).toBe(1);
  });

  test.each([-3_600_000, 3_600_000])(
    "by a wall clock that is %i ms off has the right deadline in every process",
    async (off) => {
      const clock = manualClock();
      const store = faultyStore(clock);
      const others = createFailfast({ clock, store: store.connect() })("x", 60);
      await during(clock, 50, async () => ending(others.run(() => 1)));
      const link = store.connect({ delay: 100 });
      const own = { ...clock, wall: () => clock.wall() + off };
      const circuit = createFailfast({ clock: own, store: link })("x", 60);
      await ending(circuit.run(() => Promise.reject(boom)));
      await clock.advance(1_000);
      for (const each of [circuit, others]) {
        expect(each.state).toBe("open");
        expect(each.retryAfter).toBeGreaterThan(58);
        expect(each.retryAfter).toBeLessThanOrEqual(60);
      }
      await clock.advance(57_000);
      expect([circuit.state, others.state]).toEqual(["open", "open"]);
      await clock.advance(3_000);
      expect(await during(clock, 500, () => ending(others.run(() => 1)))).toBe("ok");
    },
  );
});

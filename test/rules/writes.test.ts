import { describe, expect, test } from "vitest";
import { createFailfast, type Failfast, type FailfastOptions } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { faultyStore } from "./faulty-store.js";
import { at, boom, during, ending, fleet, type Member, pendingCall } from "./fleet.js";

const DAY = 24 * 3_600_000;
const failing = () => Promise.reject(boom);

describe("without any trip", () => {
  test("making 1 000 circuits does no operation and starts no timer", async () => {
    const clock = manualClock();
    const store = faultyStore(clock);
    const failfast = createFailfast({ clock, store: store.connect() });
    for (let n = 0; n < 1_000; n++) failfast(`c${n}`, 60)(async () => n);
    await clock.advance(10_000);
    expect(store.operations).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("1 000 closed circuits in use share one timer, and have written nothing", async () => {
    const { clock, members, store } = await fleet(1);
    const { failfast, succeed } = at(members, 0);
    await succeed();
    const before = clock.pending;
    expect(before).toBe(1);
    for (let n = 0; n < 1_000; n++) await failfast(`c${n}`, 60).run(() => n);
    await clock.advance(100);
    expect(clock.pending).toBe(before);
    expect(store.written).toHaveLength(0);
  });

  test("a circuit that closed again has no timer of its own", async () => {
    const { clock, members } = await fleet(1, { timeout: 5 });
    const { fail, succeed } = at(members, 0);
    const before = clock.pending;
    await during(clock, 5_100, fail);
    await during(clock, 1_000, succeed);
    expect(clock.pending).toBe(before);
  });

  test("after close() the store is not asked, and the circuit trips and recovers by itself", async () => {
    const { clock, members } = await fleet(1, { timeout: 5 });
    const { failfast, link, fail, succeed, circuit } = at(members, 0);
    const closing = failfast.close();
    await clock.advance(600);
    await closing;
    const before = link.operations;
    expect(await fail()).toBe("failed");
    expect(await succeed()).toBe("rejected");
    await clock.advance(5_100);
    expect(await succeed()).toBe("ok");
    expect([circuit.state, link.operations]).toEqual(["closed", before]);
  });

  const begun: readonly [string, (failfast: Failfast) => unknown][] = [
    ["a circuit made before, and never called", () => undefined],
    ["ready()", (failfast) => failfast.ready()],
    ["configure()", (failfast) => failfast.configure({ threshold: 1 })],
  ];
  test.each(begun)("after close() a store that was not used yet is not asked: %s", async (_, begin) => {
    const clock = manualClock();
    const link = faultyStore(clock).connect();
    const failfast = createFailfast({ clock, store: link });
    const circuit = failfast("x", 5);
    const names = failfast((name: string) => name, 5).for("y");
    await failfast.close();
    begin(failfast);
    for (const each of [circuit, names]) {
      expect([await ending(each.run(failing)), await ending(each.run(failing))]).toEqual([
        "failed",
        "rejected",
      ]);
      await clock.advance(5_100);
      expect([await ending(each.run(() => 1)), each.state]).toEqual(["ok", "closed"]);
    }
    await clock.advance(60_000);
    expect([link.operations, clock.pending]).toEqual([0, 0]);
  });

  test("after close() no timer and no subscription is left", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    for (const { fail } of members) await fail();
    for (const { failfast } of members) await during(clock, 1_000, () => failfast.close());
    await clock.advance(10_000);
    expect(clock.pending).toBe(0);
    const operations = store.operations;
    await clock.advance(60_000);
    expect(store.operations).toBe(operations);
  });
});

describe("one write for an outage", () => {
  for (const spread of [0, 1, 5]) {
    test(`is enough for a fleet of 8 that fails together, ${spread} ms apart`, async () => {
      const { clock, members, store } = await fleet(8);
      for (const { fail } of members) {
        void fail();
        if (spread > 0) await clock.advance(spread);
      }
      await clock.advance(2_000);
      expect(store.written).toHaveLength(1);
      expect(members.map(({ circuit }) => circuit.state)).toEqual(members.map(() => "open"));
      expect(members.map(({ circuit }) => circuit.snapshot().pending)).toEqual(members.map(() => false));
    });
  }

  test("is enough for a process that finds the circuit open: it takes the record with its deadline", async () => {
    const { clock, members, store } = await fleet(2);
    const [a, b] = [at(members, 0), at(members, 1)];
    b.link.pushes = "lost";
    await during(clock, 2_000, a.fail);
    expect(b.circuit.state).toBe("closed");
    await during(clock, 50, b.fail);
    expect(store.written).toHaveLength(1);
    expect(b.circuit.retryAfter).toBeCloseTo(a.circuit.retryAfter, 1);
  });

  test("counts as done if a swap reports failure and returns the process's own record", async () => {
    const { clock, members, store } = await fleet(1);
    const { fail, link, circuit } = at(members, 0);
    link.pushes = "lost";
    link.lie = (verb, truth) => (verb === "swap" ? { ...(truth as object), ok: false } : truth);
    await during(clock, 2_000, fail);
    expect(store.written).toHaveLength(1);
    expect(circuit.snapshot()).toMatchObject({ state: "open", pending: false });
  });

  test("voids no call that was admitted before its answer came", async () => {
    const { clock, members } = await fleet(1, { timeout: 5, delay: 20 });
    const { fail, succeed, link, circuit } = at(members, 0);
    await during(clock, 5_200, fail);
    link.pushes = "lost";
    link.lie = (verb, truth) => (verb === "swap" ? { ...(truth as object), ok: false } : truth);
    expect(await during(clock, 25, succeed)).toBe("ok");
    expect(circuit.snapshot()).toMatchObject({ state: "closed", pending: true });
    const call = pendingCall(circuit);
    await clock.advance(100);
    expect(circuit.snapshot()).toMatchObject({ state: "closed", pending: false });
    call.fail();
    expect(await call.end).toBe("failed");
    expect(circuit.state).toBe("open");
  });

  test("is recognised by its push if its answer was lost", async () => {
    const { clock, members, store } = await fleet(1);
    const { fail, link, circuit, failfast } = at(members, 0);
    const told: string[] = [];
    failfast.on("store-down", () => told.push("down"));
    await during(clock, 50, () => circuit.trip());
    await during(clock, 50, () => circuit.reset());
    const before = store.written.length;
    link.lie = (verb, truth) => (verb === "swap" ? new Promise(() => undefined) : truth);
    await during(clock, 5_000, fail);
    expect(store.written).toHaveLength(before + 1);
    expect(circuit.snapshot()).toMatchObject({ state: "open", pending: false });
    expect(told).toEqual([]);
  });

  test("is made after an outage of the store, for what is still open", async () => {
    const { clock, members, store } = await fleet(8, { timeout: 300 });
    for (const { link } of members) link.mode = "down";
    await during(clock, 60_000, () => Promise.all(members.map(({ fail }) => fail())));
    expect(store.written).toHaveLength(0);
    for (const { link } of members) link.mode = "up";
    await clock.advance(60_000);
    expect(store.written).toHaveLength(1);
    expect(store.record("x")).toMatchObject({ state: "open" });
  });

  test("is the only one under way for a circuit, even if it hangs", async () => {
    const { clock, members } = await fleet(1);
    const { fail, link, circuit } = at(members, 0);
    await during(clock, 50, () => circuit.trip());
    await during(clock, 50, () => circuit.reset());
    const before = link.counts.swap;
    link.mode = "hanging";
    await during(clock, 200, () => Promise.all([fail(), fail(), fail()]));
    expect(link.counts.swap).toBe(before + 1);
  });
});

describe("a circuit that another process opened, and that this process does not obey yet", () => {
  const rules: readonly [string, FailfastOptions][] = [
    ["confirm", { scope: "confirm", slowCall: "100ms", slowCallRate: 0.5, minimumCalls: 3 }],
    ["doubt, by a share of slow calls", { slowCall: "100ms", slowCallRate: 0.5, minimumCalls: 3 }],
    ["doubt", { slowCall: "100ms", minimumCalls: 3 }],
    ["confirm by slow calls that end", { scope: "confirm", slowCall: "100ms", minimumCalls: 3 }],
  ];

  test.each(rules)("is open by slow calls here as well, and is not written again: %s", async (_, options) => {
    const { clock, store, members } = await fleet(2, { options });
    const slowly = (member: Member): Promise<string>[] =>
      Array.from({ length: 30 }, () =>
        ending(member.circuit.run(() => new Promise((end) => clock.after(150, () => end(1))))),
      );
    for (let call = 0; call < 25; call++) await at(members, 1).succeed();
    const others = slowly(at(members, 0));
    await during(clock, 200, () => Promise.all(others));
    expect([at(members, 0).circuit.state, at(members, 1).circuit.state]).toEqual(["open", "closed"]);
    const ours = slowly(at(members, 1));
    await during(clock, 5_000, () => Promise.all(ours));
    expect([at(members, 1).circuit.state, store.written.length]).toEqual(["open", 1]);
  });

  test("counts a failure here if the open time is over", async () => {
    const options = { scope: "confirm", recovery: "all", threshold: 2 } as const;
    const { clock, members } = await fleet(2, { timeout: 5, options });
    for (let call = 0; call < 2; call++) await during(clock, 50, at(members, 0).fail);
    await clock.advance(6_000);
    const { circuit, fail } = at(members, 1);
    await during(clock, 50, fail);
    expect(circuit.state).toBe("closed");
    await during(clock, 50, fail);
    expect(circuit.state).toBe("open");
  });
});

describe("the lifetime of a record", () => {
  test("is at least a day beyond its deadline", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    await during(clock, 5_100, b.fail);
    await during(clock, 100, a.succeed);
    await during(clock, 50, () => a.circuit.trip({ for: "24h" }));
    await during(clock, 50, () => a.circuit.reset());
    await during(clock, 50, () => a.circuit.hold("open"));
    await during(clock, 50, () => a.circuit.hold("closed", { until: clock.wall() + 3_600_000 }));
    await during(clock, 50, () => a.circuit.release());
    expect(store.written).toHaveLength(10);
    for (const { value, ttlMs } of store.written) {
      const { until = 0, at: written } = JSON.parse(value) as { until?: number; at: number };
      expect(ttlMs).toBeGreaterThanOrEqual(DAY + Math.max(until - written - 10, 0));
    }
  });

  test("is that of a closed record after reset(), which deletes nothing", async () => {
    const { clock, members, store } = await fleet(2);
    await during(clock, 50, at(members, 0).fail);
    expect(await during(clock, 50, () => at(members, 1).circuit.reset())).toEqual({ stored: true });
    expect(store.record("x")).toMatchObject({ state: "closed" });
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["closed", "closed"]);
    expect(store.links.map(({ counts }) => counts.delete)).toEqual([0, 0]);
  });

  test("of a hold does not end with its loss: those who know of it restore it unchanged", async () => {
    const { clock, members, store } = await fleet(3);
    await during(clock, 50, () => at(members, 0).circuit.hold("open", { reason: "migration" }));
    expect(members.map(({ circuit }) => circuit.held)).toEqual(["open", "open", "open"]);
    const before = JSON.parse(store.raw("hold:x") ?? "") as Record<string, unknown>;
    store.flush();
    await clock.advance(20_000);
    const { revision, nonce, ...rest } = JSON.parse(store.raw("hold:x") ?? "") as Record<string, unknown>;
    expect(before).toMatchObject(rest);
    expect(revision).toBeGreaterThan(before["revision"] as number);
    expect(nonce).not.toBe(before["nonce"]);
    expect(members.map(({ circuit }) => circuit.held)).toEqual(["open", "open", "open"]);
    expect(store.written).toHaveLength(2);
  });

  test("of a hold ends with release(), and not with calls or probes", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 50, () => a.circuit.hold("closed"));
    const hold = store.raw("hold:x");
    for (let n = 0; n < 5; n++) expect(await during(clock, 50, b.fail)).toBe("failed");
    expect(b.circuit.state).toBe("closed");
    expect(store.raw("hold:x")).toBe(hold);
    await during(clock, 50, () => b.circuit.release());
    expect(await during(clock, 50, a.fail)).toBe("failed");
    expect(await b.succeed()).toBe("rejected");
  });

  test("of a released hold is over, even if the store loses the release or is rolled back", async () => {
    const { clock, members, store } = await fleet(2);
    await during(clock, 50, () => at(members, 0).circuit.hold("open"));
    const held = store.snapshot();
    await during(clock, 50, () => at(members, 1).circuit.release());
    store.rollBack(held);
    for (const { link } of members) link.gap();
    await clock.advance(3_000);
    expect(members.map(({ circuit }) => circuit.held)).toEqual([undefined, undefined]);
    expect(JSON.parse(store.raw("hold:x") ?? "")).toMatchObject({ state: "released" });
    store.flush();
    await clock.advance(30_000);
    expect(members.map(({ circuit }) => circuit.held)).toEqual([undefined, undefined]);
  });
});

import { describe, expect, test } from "vitest";
import { at, during, fleet, givenUp, pendingCall } from "./fleet.js";

describe("a store that loses records", () => {
  test("while open gets them again with the same generation and deadline, and the circuit stays open", async () => {
    const { clock, members, store } = await fleet(3);
    await during(clock, 50, at(members, 0).fail);
    const before = store.record("x");
    store.flush();
    await clock.advance(20_000);
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["open", "open", "open"]);
    const after = store.record("x");
    expect(after).toMatchObject({
      state: "open",
      generation: before?.["generation"],
      until: before?.["until"],
    });
    expect(after?.["revision"]).toBeGreaterThan(before?.["revision"] as number);
    expect(store.written).toHaveLength(2);
  });

  test("gets them again even if the first restore fails", async () => {
    const { clock, members, store } = await fleet(1);
    const { fail, link } = at(members, 0);
    await during(clock, 50, fail);
    store.flush();
    link.mode = "read-only";
    await clock.advance(20_000);
    expect(store.record("x")).toBeUndefined();
    link.mode = "up";
    await clock.advance(35_000);
    expect(store.record("x")).toMatchObject({ state: "open" });
  });

  test("again and again neither extends nor shortens the open time", async () => {
    const { clock, members, store } = await fleet(3);
    await during(clock, 50, at(members, 0).fail);
    for (let n = 0; n < 11; n++) {
      await clock.advance(5_000);
      store.flush();
      for (const { succeed } of members) expect(await succeed()).toBe("rejected");
    }
    await clock.advance(5_050);
    expect(await during(clock, 60, at(members, 1).succeed)).toBe("ok");
  });

  test("by a rollback to before the trip gets the opening again, above both revisions", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    await during(clock, 100, a.succeed);
    const closed = store.snapshot();
    await during(clock, 50, b.fail);
    const tripped = store.record("x");
    store.rollBack(closed);
    a.link.gap();
    b.link.gap();
    await clock.advance(2_000);
    expect([a.circuit.state, b.circuit.state]).toEqual(["open", "open"]);
    expect(store.record("x")).toMatchObject({ state: "open", until: tripped?.["until"] });
    expect(store.record("x")?.["revision"]).toBeGreaterThan(tripped?.["revision"] as number);
  });

  test("by a rollback from closed to open has its open record obeyed", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 20 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 50, a.fail);
    const open = store.snapshot();
    await during(clock, 50, () => a.circuit.reset());
    expect([a.circuit.state, b.circuit.state]).toEqual(["closed", "closed"]);
    store.rollBack(open);
    a.link.gap();
    b.link.gap();
    await clock.advance(2_000);
    expect(store.record("x")).toMatchObject({ state: "open" });
    expect([a.circuit.state, b.circuit.state]).toEqual(["open", "open"]);
    await clock.advance(18_000);
    expect(await during(clock, 60, b.succeed)).toBe("ok");
  });

  test("while the circuit is closed gets nothing written", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    await during(clock, 5_100, at(members, 0).fail);
    await during(clock, 100, at(members, 0).succeed);
    const writes = store.written.length;
    store.flush();
    await clock.advance(60_000);
    expect(store.written).toHaveLength(writes);
  });

  test("gives the next trip a revision above those that others remember", async () => {
    const { clock, members, store, join } = await fleet(1, { timeout: 5 });
    const a = at(members, 0);
    await during(clock, 5_100, a.fail);
    await during(clock, 100, a.succeed);
    const before = store.record("x")?.["revision"] as number;
    store.flush();
    const late = await join();
    await during(clock, 50, late.fail);
    expect(store.record("x")?.["revision"]).toBeGreaterThan(before);
    expect(a.circuit.state).toBe("open");
  });

  test("during a probe gets the lease again: the probe counts, and no second one begins", async () => {
    const { clock, members, store } = await fleet(3, { timeout: 5 });
    await during(clock, 5_100, at(members, 0).fail);
    const probe = pendingCall(at(members, 0).circuit);
    await clock.advance(20);
    store.flush();
    for (const { link } of members) link.gap();
    for (const { succeed } of members) expect(await during(clock, 500, succeed)).toBe("rejected");
    await clock.advance(1_000);
    probe.succeed();
    await probe.end;
    await clock.advance(50);
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["closed", "closed", "closed"]);
  });
});

describe("pushes may fail, because polls find every change", () => {
  test("lost pushes delay a change, by at most a poll", async () => {
    const { clock, members } = await fleet(3);
    for (const { link } of members) link.pushes = "lost";
    await during(clock, 20_000, at(members, 0).fail);
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["open", "open", "open"]);
  });

  test("repeated pushes have no effect", async () => {
    const { clock, members } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    for (const { link } of members) link.pushes = "repeated";
    const opened: unknown[] = [];
    b.failfast.on("open", (event) => opened.push(event));
    await during(clock, 4_000, a.fail);
    expect(opened).toHaveLength(1);
    await clock.advance(1_100);
    expect(await during(clock, 60, b.succeed)).toBe("ok");
  });

  test("pushes in the wrong order, or long after, do not replace anything newer", async () => {
    const { clock, members } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    b.link.pushes = "held";
    await during(clock, 5_100, a.fail);
    await during(clock, 60, a.succeed);
    expect(a.circuit.state).toBe("closed");
    b.link.release("reversed");
    await clock.advance(50);
    expect(b.circuit.state).toBe("closed");
    expect(await b.succeed()).toBe("ok");
  });

  test("an old open record that is pushed again opens nothing", async () => {
    const { clock, members, store } = await fleet(2);
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 50, a.fail);
    const open = store.raw("circuit:x");
    await during(clock, 50, () => a.circuit.reset());
    b.link.push({ key: "circuit:x", value: open, now: clock.wall() });
    await clock.advance(20_000);
    expect(b.circuit.state).toBe("closed");
    expect(store.record("x")).toMatchObject({ state: "closed" });
  });

  test("a circuit made after the first read shows the fleet's state without a call", async () => {
    const { clock, members } = await fleet(2);
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 50, () => a.failfast("late", 60).trip());
    const late = b.failfast("late", 60);
    expect([late.state, late.retryAfter > 59]).toEqual(["open", true]);
    const heard: string[] = [];
    const later = b.failfast("later", 60);
    later.on("open", ({ type, circuit }) => heard.push(`${type} ${circuit}`));
    await during(clock, 50, () => a.failfast("later", 60).trip());
    expect(heard).toEqual(["open later"]);
  });

  test("a write during the subscription is found by the read after it", async () => {
    const { clock, members, join } = await fleet(1);
    await during(clock, 50, at(members, 0).fail);
    expect((await join()).circuit.state).toBe("open");
  });
});

describe("only the store grants revisions", () => {
  test("a partitioned process is open alone, and proposes the opening after the partition if it is still open", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 300 });
    const [a, b] = [at(members, 0), at(members, 1)];
    b.link.mode = "down";
    await during(clock, 60_000, b.fail);
    expect([a.circuit.state, b.circuit.state]).toEqual(["closed", "open"]);
    b.link.mode = "up";
    await clock.advance(60_000);
    expect([a.circuit.state, b.circuit.state]).toEqual(["open", "open"]);
    expect(store.written).toHaveLength(1);
    // The time that is left, not a new full open time. Records are written in whole milliseconds.
    expect(a.circuit.retryAfter).toBeLessThanOrEqual(180.001);
  });

  test("a local opening that is over when the partition ends is not proposed", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    b.link.mode = "down";
    for (let flap = 0; flap < 7; flap++) await during(clock, 6_000, b.fail);
    b.link.mode = "up";
    await clock.advance(60_000);
    expect(store.written).toHaveLength(0);
    expect(a.circuit.state).toBe("closed");
    expect(await during(clock, 100, b.succeed)).toBe("ok");
    expect(a.circuit.state).toBe("closed");
  });

  test("seven local openings do not override what the fleet decided meanwhile", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    b.link.mode = "down";
    for (let flap = 0; flap < 7; flap++) {
      await during(clock, 6_000, b.fail);
      await during(clock, 100, b.succeed);
    }
    await during(clock, 50, () => a.circuit.trip({ for: "10m" }));
    const tripped = store.raw("circuit:x");
    b.link.mode = "up";
    await clock.advance(60_000);
    expect(store.raw("circuit:x")).toBe(tripped);
    expect(b.circuit.state).toBe("open");
  });

  test("a local trip and recovery that the fleet never saw are not written", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    const running = pendingCall(a.circuit);
    b.link.mode = "down";
    await during(clock, 6_000, b.fail);
    expect(await during(clock, 100, b.succeed)).toBe("ok");
    b.link.mode = "up";
    await clock.advance(60_000);
    expect(store.written).toHaveLength(0);
    running.fail();
    await running.end;
    expect(a.circuit.state).toBe("open");
  });

  test("a probe aborted in a partition leaves the fleet's closed circuit closed", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    b.link.mode = "down";
    await during(clock, 6_000, b.fail);
    await givenUp(b.circuit);
    b.link.mode = "up";
    await clock.advance(60_000);
    expect(a.circuit.state).toBe("closed");
    expect(store.written).toHaveLength(0);
    expect(await during(clock, 100, b.succeed)).toBe("ok");
  });

  test("of the fleet's opening and a local one, the more restrictive is obeyed", async () => {
    const { clock, members } = await fleet(2, { timeout: 60 });
    const [a, b] = [at(members, 0), at(members, 1)];
    b.link.mode = "down";
    await during(clock, 30_000, b.fail);
    await during(clock, 20, a.fail);
    b.link.mode = "up";
    await clock.advance(28_000);
    expect(b.circuit.state).toBe("open");
    await clock.advance(4_000);
    expect(b.circuit.retryAfter).toBeGreaterThan(20);
  });

  test("an operator's verb reports stored: false if it is not stored; a trip is obeyed here anyway", async () => {
    const { clock, members } = await fleet(2);
    const [a, b] = [at(members, 0), at(members, 1)];
    a.link.mode = "hanging";
    expect(await during(clock, 6_000, () => a.circuit.hold("open"))).toEqual({ stored: false });
    expect(await during(clock, 6_000, () => a.circuit.trip())).toEqual({ stored: false });
    expect([a.circuit.state, b.circuit.state]).toEqual(["open", "closed"]);
    expect(await during(clock, 6_000, () => a.circuit.reset())).toEqual({ stored: false });
    expect(a.circuit.state).toBe("open");
  });

  test("an operator's hold that is stored only after its deadline is obeyed in every process", async () => {
    const { clock, members } = await fleet(2);
    const [a, b] = [at(members, 0), at(members, 1)];
    a.link.mode = "read-only";
    const asked = a.circuit.hold("open");
    await clock.advance(5_200);
    // The last attempt is answered after the deadline.
    a.link.mode = "up";
    a.link.delay = 2_000;
    await clock.advance(900);
    expect(await asked).toEqual({ stored: false });
    await clock.advance(10_000);
    expect([a.circuit.held, b.circuit.held]).toEqual(["open", "open"]);
  });
});

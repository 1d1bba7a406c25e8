import { describe, expect, test } from "vitest";
import type { ManualClock } from "../../src/testing/index.js";
import { at, during, fleet, type Member, pendingCall } from "./fleet.js";

describe("a result counts only in the generation in which its call began", () => {
  test("a late success never closes the circuit, here or elsewhere", async () => {
    const { clock, members } = await fleet(2);
    const [a, b] = [at(members, 0), at(members, 1)];
    const [lateA, lateB] = [pendingCall(a.circuit), pendingCall(b.circuit)];
    await during(clock, 50, a.fail);
    expect([a.circuit.state, b.circuit.state]).toEqual(["open", "open"]);
    lateA.succeed();
    lateB.succeed();
    expect([await lateA.end, await lateB.end]).toEqual(["ok", "ok"]);
    await clock.advance(1_000);
    expect([a.circuit.state, b.circuit.state]).toEqual(["open", "open"]);
  });

  test("a late failure never opens the circuit again, here or elsewhere", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    const [lateA, lateB] = [pendingCall(a.circuit), pendingCall(b.circuit)];
    await during(clock, 5_100, a.fail);
    expect(await during(clock, 20, a.succeed)).toBe("ok");
    expect([a.circuit.state, b.circuit.state]).toEqual(["closed", "closed"]);
    const writes = store.written.length;
    lateA.fail();
    lateB.fail();
    expect([await lateA.end, await lateB.end]).toEqual(["failed", "failed"]);
    await clock.advance(1_000);
    expect([a.circuit.state, b.circuit.state]).toEqual(["closed", "closed"]);
    expect(store.written).toHaveLength(writes);
  });

  test("a late failure while open does not extend the open time", async () => {
    const { clock, members } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    const late = pendingCall(b.circuit);
    await during(clock, 4_000, a.fail);
    late.fail();
    await late.end;
    await clock.advance(1_050);
    expect(await during(clock, 20, b.succeed)).toBe("ok");
  });

  test("a probe whose lease went to another process closes nothing", async () => {
    const { clock, members } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    const slow = pendingCall(a.circuit);
    await clock.advance(10_100);
    expect(slow.made()).toBe(true);
    expect(await during(clock, 20, b.fail)).toBe("failed");
    slow.succeed();
    await slow.end;
    await clock.advance(50);
    expect([a.circuit.state, b.circuit.state]).toEqual(["open", "open"]);
  });

  test("the write of a renewal does not void a probe", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    const probe = pendingCall(a.circuit);
    await clock.advance(50);
    expect(probe.made()).toBe(true);
    store.flush();
    b.link.gap();
    await clock.advance(2_000);
    expect(store.record("x")?.["state"]).toBe("half-open");
    probe.succeed();
    await probe.end;
    await clock.advance(50);
    expect([a.circuit.state, b.circuit.state]).toEqual(["closed", "closed"]);
  });

  test("a probe that fails after its lease does not open the circuit by itself, because others may have closed it", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    const late = await lateProbe(clock, a);
    expect(await during(clock, 20, b.succeed)).toBe("ok");
    const told = transitions(members);
    late.fail();
    expect(await during(clock, 100, () => late.end)).toBe("failed");
    expect([a.circuit.state, told]).toEqual(["half-open", []]);
    a.link.mode = "up";
    await clock.advance(40_000);
    expect([a.circuit.state, b.circuit.state, store.record("x")?.["state"]]).toEqual([
      "closed",
      "closed",
      "closed",
    ]);
    expect(told).toEqual(["0 close"]);
  });

  test("a probe that succeeds after its lease does not close the circuit by itself, because others may have opened it", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 60 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 60_100, a.fail);
    const late = await lateProbe(clock, a);
    expect(await during(clock, 20, b.fail)).toBe("failed");
    const told = transitions(members);
    late.succeed();
    expect(await during(clock, 100, () => late.end)).toBe("ok");
    expect([a.circuit.state, told]).toEqual(["half-open", []]);
    a.link.mode = "up";
    await clock.advance(40_000);
    expect([a.circuit.state, b.circuit.state, store.record("x")?.["state"]]).toEqual([
      "open",
      "open",
      "open",
    ]);
    expect(told).toEqual(["0 open"]);
  });

  test("the outcome of a probe after its lease counts once it is stored, if nobody else took the lease", async () => {
    for (const [end, state] of [
      ["succeed", "closed"],
      ["fail", "open"],
    ] as const) {
      const { clock, members } = await fleet(2, { timeout: 60 });
      const [a, b] = [at(members, 0), at(members, 1)];
      await during(clock, 60_100, a.fail);
      const slow = pendingCall(a.circuit);
      await clock.advance(12_000);
      slow[end]();
      await during(clock, 10, () => slow.end);
      expect([end, a.circuit.state, b.circuit.state]).toEqual([end, state, state]);
    }
  });

  test("the outcome of a probe counts once it is stored if the process was suspended meanwhile", async () => {
    let sleptMs = 0;
    const { clock, members } = await fleet(2, { timeout: 5, skew: (n) => (n === 0 ? sleptMs : 0) });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    const probe = pendingCall(a.circuit);
    await clock.advance(20);
    expect(probe.made()).toBe(true);
    // Its own monotonic clock stands still meanwhile, and no push reaches it.
    a.link.pushes = "lost";
    await during(clock, 20, () => b.circuit.reset());
    a.link.pushes = "delivered";
    sleptMs = 60_000;
    const told = transitions(members);
    probe.fail();
    expect(await during(clock, 100, () => probe.end)).toBe("failed");
    expect([a.circuit.state, told]).toEqual(["closed", ["0 close"]]);
  });
});

/** A probe that outlasts its lease; meanwhile its process gets nothing from the store. */
async function lateProbe(clock: ManualClock, member: Member) {
  const probe = pendingCall(member.circuit);
  await clock.advance(20);
  expect(probe.made()).toBe(true);
  member.link.mode = "hanging";
  await clock.advance(10_050);
  return probe;
}

/** From now on, which member emits open or close. */
function transitions(members: readonly Member[]): string[] {
  const told: string[] = [];
  for (const [n, { circuit }] of members.entries())
    for (const type of ["open", "close"] as const) circuit.on(type, () => void told.push(`${n} ${type}`));
  return told;
}

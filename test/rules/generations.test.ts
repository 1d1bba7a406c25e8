import { describe, expect, test } from "vitest";
import { at, during, fleet, pendingCall } from "./fleet.js";

describe("rule 3: a result counts only under the generation of its call", () => {
  test("rule 3: a late success never closes, here or elsewhere", async () => {
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

  test("rule 3: a late failure never re-opens, here or elsewhere", async () => {
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

  test("rule 3: a late failure while open extends nothing", async () => {
    const { clock, members } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    const late = pendingCall(b.circuit);
    await during(clock, 4_000, a.fail);
    late.fail();
    await late.end;
    await clock.advance(1_050);
    expect(await during(clock, 20, b.succeed)).toBe("ok");
  });

  test("rule 3: a probe whose lease went to another closes nothing", async () => {
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

  test("rule 3: the write of a renewal voids no probe", async () => {
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
});

import { describe, expect, test } from "vitest";
import { Events } from "../events/events.js";
import { settingsWith } from "../policy/settings.fixture.js";
import type { CircuitSettings } from "../policy/settings.js";
import { bench } from "../sync/replica.fixture.js";
import { manualClock } from "../testing/manual-clock.js";
import { FIRST_ADMISSION } from "./admission.js";
import { circuitWith, enter, enterAsync, fail, OPEN_MS, pushed } from "./breaker.fixture.js";
import { openRecord } from "./reducer/state.fixture.js";
import { INITIAL } from "./reducer/state.js";
import type { Shell } from "./shell.js";
import { StoreSession } from "./store-session.js";
import { CallGroup, CallsUnderWay } from "./under-way.js";

const NOW = 1_000;

/** The calls of a circuit that records every count. */
function callsWith(changes: Partial<CircuitSettings> = {}) {
  const time = manualClock({ now: NOW });
  const session = new StoreSession(bench().replica, time, new Events(() => undefined), "host");
  let coarse = 0;
  const coarsely = (): number => {
    coarse++;
    return time.now();
  };
  Object.assign(session, { coarse: coarsely });
  /** The time, the number of calls, and when they began. */
  const counted: number[][] = [];
  const shell = {
    settings: settingsWith({ slowCall: 500, ...changes }),
    session,
    current: INITIAL,
    traffic: { slowUnderWay: (...which: number[]) => void counted.push(which) },
  };
  const underWay = new CallsUnderWay(shell as unknown as Shell);
  const begin = (calls = 1): CallGroup => {
    const group = new CallGroup(FIRST_ADMISSION, time.now());
    group.underWay = calls;
    underWay.add(group);
    return group;
  };
  return { time, shell, underWay, begin, counted, coarseReads: () => coarse };
}

describe("calls under way", () => {
  test("of a group count as slow together, once, when they have taken that long", async () => {
    const { time, begin, counted } = callsWith();
    const group = begin(3);
    await time.advance(499);
    expect(counted).toEqual([]);
    expect(group.countedAtMs).toBeUndefined();
    await time.advance(1);
    expect(counted).toEqual([[NOW + 500, 3, NOW]]);
    expect(group.countedAtMs).toBe(NOW + 500);
  });

  test("are looked at once more after twice the time, and then no more", async () => {
    const { time, begin, counted } = callsWith();
    const group = begin(3);
    await time.advance(999);
    expect(counted).toHaveLength(1);
    await time.advance(1);
    expect(counted[1]).toEqual([NOW + 1_000, 0, NOW]);
    expect(group.countedAtMs).toBe(NOW + 500);
    expect(time.pending).toBe(0);
    await time.advance(5_000);
    expect(counted).toHaveLength(2);
  });

  test("that end in time do not count", async () => {
    const { time, begin, counted } = callsWith();
    const group = begin();
    await time.advance(400);
    group.underWay = 0;
    await time.advance(2_000);
    expect(counted).toEqual([]);
    expect(time.pending).toBe(0);
  });

  test("count at the time of their own group", async () => {
    const { time, begin, counted } = callsWith();
    begin();
    await time.advance(300);
    begin(2);
    await time.advance(500);
    expect(counted).toEqual([
      [NOW + 500, 1, NOW],
      [NOW + 800, 2, NOW + 300],
    ]);
  });

  test("count again after the counts were cleared", async () => {
    const { time, underWay, begin, counted } = callsWith();
    const group = begin(3);
    await time.advance(500);
    underWay.forget();
    expect(group.countedAtMs).toBeUndefined();
    await time.advance(500);
    expect(counted[1]).toEqual([NOW + 1_000, 3, NOW]);
  });

  test("do not count the time in which this process was blocked", async () => {
    const { time, begin, counted, coarseReads } = callsWith();
    begin();
    time.stall(200);
    await time.advance(499);
    expect(counted).toEqual([]);
    await time.advance(1);
    expect(counted).toEqual([[NOW + 700, 1, NOW]]);
    expect(coarseReads(), "a look when they may be slow, and one when they are").toBe(2);
  });

  test("with a shorter slowCall are looked at first, even if others began before", async () => {
    const { time, shell, begin, counted } = callsWith();
    begin();
    shell.settings = settingsWith({ slowCall: 200 });
    begin(2);
    await time.advance(200);
    expect(counted).toContainEqual([NOW + 200, 2, NOW]);
  });

  test("that joined a group whose earlier calls ended count with that group", async () => {
    const { time, begin, counted } = callsWith();
    begin();
    await time.advance(450);
    const joined = begin();
    joined.underWay = 0;
    await time.advance(50);
    joined.underWay = 1;
    await time.advance(450);
    expect(counted).toContainEqual([NOW + 950, 1, NOW + 450]);
  });

  test("that ended before a look do not count", async () => {
    const { time, begin, counted } = callsWith({ slowCall: 50 });
    const group = begin();
    await time.advance(20);
    group.underWay = 0;
    await time.advance(500);
    expect(counted).toEqual([]);
  });

  test("are not looked at without slowCall, from the start or after a change", async () => {
    const never = callsWith({ slowCall: 0 });
    never.begin();
    expect([never.time.pending, never.coarseReads()]).toEqual([0, 0]);
    const nowNever = callsWith();
    nowNever.begin();
    nowNever.shell.settings = settingsWith({ slowCall: 0 });
    await nowNever.time.advance(2_000);
    expect([nowNever.counted, nowNever.time.pending]).toEqual([[], 0]);
  });

  test("keep the coarse clock running if the exact one times the calls", () => {
    const exact = callsWith({ slowCall: 199 });
    exact.begin();
    expect(exact.coarseReads()).toBe(1);
    const coarse = callsWith({ slowCall: 200 });
    coarse.begin();
    expect(coarse.coarseReads()).toBe(0);
  });
});

describe("the number and age of calls under way", () => {
  test("include all groups that have not ended", async () => {
    const { time, underWay, begin } = callsWith({ slowCall: 0 });
    expect([underWay.calls, underWay.oldestMs]).toEqual([0, 0]);
    const first = begin(2);
    await time.advance(40);
    const second = begin(3);
    await time.advance(10);
    expect([underWay.calls, underWay.oldestMs]).toEqual([5, 50]);
    first.underWay = 0;
    expect([underWay.calls, underWay.oldestMs]).toEqual([3, 10]);
    second.underWay = 0;
    expect([underWay.calls, underWay.oldestMs]).toEqual([0, 0]);
  });
});

describe("groups whose calls have all ended", () => {
  /**
   * A group that has ended, and a number of later groups. Whether it is remembered: a call that joins it is then
   * counted.
   */
  const remembers = async (slowCall: number, afterMs: number, others: number): Promise<boolean> => {
    const { time, underWay, begin } = callsWith({ slowCall });
    const group = begin(0);
    await time.advance(afterMs);
    for (let each = 0; each < others; each++) begin(0);
    group.underWay = 1;
    return underWay.calls === 1;
  };

  test("are dropped when there are sixteen", async () => {
    expect(await remembers(0, 1, 15)).toBe(true);
    expect(await remembers(0, 1, 16)).toBe(false);
  });

  test("are kept while they may get further calls: at the same moment, or within 100 ms of the coarse clock", async () => {
    expect(await remembers(199, 0, 16)).toBe(true);
    expect(await remembers(199, 1, 16)).toBe(false);
    expect(await remembers(200, 100, 16)).toBe(true);
    expect(await remembers(200, 101, 16)).toBe(false);
  });

  test("are dropped when a look finds them", async () => {
    const { time, underWay, begin } = callsWith();
    const group = begin(0);
    await time.advance(500);
    group.underWay = 1;
    expect(underWay.calls).toBe(0);
  });

  test("are dropped later when there are twice as many as were left", async () => {
    const { time, underWay, begin } = callsWith({ slowCall: 0 });
    const groups = Array.from({ length: 17 }, () => begin(1));
    for (const group of groups) group.underWay = 0;
    await time.advance(1);
    for (let each = 17; each < 32; each++) begin(0);
    const [first] = groups;
    if (first) first.underWay = 1;
    expect(underWay.calls).toBe(1);
    if (first) first.underWay = 0;
    begin(0);
    if (first) first.underWay = 1;
    expect(underWay.calls).toBe(0);
  });

  test("calls that never end are remembered up to ten thousand groups", () => {
    const { underWay, begin } = callsWith({ slowCall: 0 });
    for (let each = 0; each <= 16 * 1_024; each++) begin(1);
    expect(underWay.calls).toBe(10_001);
  });
});

describe("slow calls under way", () => {
  const slow = { slowCall: 500, slowCallRate: 0.5, threshold: 0, minimumCalls: 2 } as const;

  test("trip the circuit", async () => {
    const { breaker, time, told } = circuitWith(slow);
    const group = new CallGroup(enter(breaker) ?? FIRST_ADMISSION, time.now());
    group.underWay = 2;
    breaker.underWay.add(group);
    await time.advance(500);
    expect(told).toMatchObject([{ type: "open", reason: "slow calls" }]);
    expect(breaker.counts.trips).toBe(1);
  });

  test("do not count if they began before the circuit last closed", async () => {
    const { breaker, time, told } = circuitWith({ ...slow, threshold: 1 });
    const group = new CallGroup(enter(breaker) ?? FIRST_ADMISSION, time.now());
    group.underWay = 2;
    breaker.underWay.add(group);
    fail(breaker);
    await time.advance(500);
    expect(told).toMatchObject([{ type: "open", reason: "it failed" }]);
    expect(breaker.counts.trips).toBe(1);
  });

  test("confirm a remote trip that waits for confirmation", async () => {
    const circuit = circuitWith({ ...slow, hangCalls: 3, scope: "confirm" });
    const { breaker, time, told } = circuit;
    const group = new CallGroup(enter(breaker) ?? FIRST_ADMISSION, time.now());
    breaker.underWay.add(group);
    pushed(circuit, openRecord(0, { until: time.wall() + 60_000, duration: 60_000 }).record);
    await time.advance(0);
    expect(breaker.current.remoteOpen).toBe("unconfirmed");
    await time.advance(500);
    expect(breaker.current.remoteOpen).toBe("obeyed");
    expect(told).toMatchObject([{ type: "open" }]);
    expect(breaker.counts.trips).toBe(0);
  });

  test("fail the probe if one of them is the probe", async () => {
    const { breaker, time, stored } = circuitWith({ ...slow, threshold: 1 });
    fail(breaker);
    await time.advance(OPEN_MS);
    const admission = await enterAsync(breaker);
    expect(admission?.kind).toBe("probe");
    breaker.underWay.add(new CallGroup(admission ?? FIRST_ADMISSION, time.now()));
    await time.advance(500);
    expect(stored()).toMatchObject({ state: "open", reason: "slow calls", reopens: 1 });
  });
});

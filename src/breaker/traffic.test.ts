import { describe, expect, test } from "vitest";
import { Events } from "../events/events.js";
import { settingsWith } from "../policy/settings.fixture.js";
import type { CircuitSettings } from "../policy/settings.js";
import { bench, NOW } from "../sync/replica.fixture.js";
import { failure } from "./breaker.fixture.js";
import { StoreSession } from "./store-session.js";
import { countsAlike, countsNothing, countsSuccessesOf, Traffic } from "./traffic.js";

function trafficWith(changes: Partial<CircuitSettings>) {
  const { replica, time } = bench();
  const coarse = { says: NOW };
  const clock = { ...replica.clock, coarse: () => coarse.says };
  const session = new StoreSession(replica, clock, new Events(() => undefined), "my-host");
  return { traffic: new Traffic(settingsWith(changes), session), time, coarse };
}

describe("a failure", () => {
  test("counts towards the threshold, at the time of the exact clock", async () => {
    const { traffic, time } = trafficWith({ threshold: 2, window: 1_000 });
    expect(traffic.failed(failure())).toBeUndefined();
    await time.advance(1_001);
    expect(traffic.failed(failure())).toBeUndefined();
    await time.advance(1_000);
    expect(traffic.failed(failure())).toBe("failure");
  });

  test("that is slow counts as a slow call too", () => {
    const { traffic } = trafficWith({ threshold: 0, slowCall: 100, slowCallRate: 0.5, minimumCalls: 1 });
    expect(traffic.failed(failure({ slow: false }))).toBeUndefined();
    expect(traffic.failed(failure({ slow: true }))).toBe("slow calls");
  });

  test("of this host makes the whole window suspect until it leaves the window", async () => {
    const { traffic, time } = trafficWith({ threshold: 5, window: 1_000 });
    traffic.failed(failure());
    expect(traffic.ofThisHost).toBe(false);
    traffic.failed(failure({ origin: "host" }));
    await time.advance(1_000);
    expect(traffic.ofThisHost).toBe(true);
    await time.advance(1);
    expect(traffic.ofThisHost).toBe(false);
  });
});

describe("a success", () => {
  test("is counted at the time that the caller read, or at that of the coarse clock", () => {
    const { traffic, coarse } = trafficWith({ failureRate: 0.5, threshold: 0, minimumCalls: 3 });
    traffic.succeeded(undefined, false);
    coarse.says = NOW + 30_000;
    traffic.succeeded(undefined, false);
    expect(traffic.rule?.busiest).toBe(1);
    traffic.succeeded(NOW + 60_000, false);
    traffic.succeeded(NOW + 60_000, false);
    expect(traffic.rule?.busiest).toBe(2);
  });

  test("of a call that was counted as slow while under way ends a row of failures", () => {
    const { traffic } = trafficWith({ threshold: 0, consecutive: 2, slowCall: 100 });
    expect(traffic.failed(failure())).toBeUndefined();
    expect(traffic.succeeded(NOW, true, NOW)).toBeUndefined();
    expect(traffic.failed(failure())).toBeUndefined();
  });

  test("that is slow may trip", () => {
    const { traffic } = trafficWith({ threshold: 0, slowCall: 100, slowCallRate: 0.5, minimumCalls: 2 });
    expect(traffic.succeeded(NOW, true)).toBeUndefined();
    expect(traffic.succeeded(NOW, false)).toBe("slow calls");
  });

  test("is evidence against a remote trip if there were twenty lately and no failure", () => {
    const { traffic } = trafficWith({ failureRate: 0.5, threshold: 0, minimumCalls: 100 });
    for (let call = 0; call < 19; call++) traffic.succeeded(NOW, false);
    expect(traffic.doubts).toBe(false);
    traffic.succeeded(NOW, false);
    expect(traffic.doubts).toBe(true);
    traffic.failed(failure());
    expect(traffic.doubts).toBe(false);
  });
});

describe("a call that was counted as slow while under way", () => {
  test("counts once, when it has become slow", () => {
    const { traffic } = trafficWith({ threshold: 0, slowCall: 100, slowCallRate: 0.5, minimumCalls: 3 });
    expect(traffic.slowUnderWay(NOW, 2, NOW - 100)).toBeUndefined();
    expect(traffic.succeeded(NOW, true, NOW)).toBeUndefined();
    expect(traffic.succeeded(undefined, true, NOW)).toBeUndefined();
    expect(traffic.slowUnderWay(NOW, 1, NOW - 100)).toBe("slow calls");
  });

  test("counts as a failure too if it fails", () => {
    const { traffic } = trafficWith({ threshold: 0, slowCall: 100, failureRate: 0.5, minimumCalls: 2 });
    traffic.slowUnderWay(NOW, 2, NOW - 100);
    expect(traffic.failed(failure({ countedAtMs: NOW }))).toBe("failure rate");
  });

  test("does not count in mode: throttle", () => {
    const { traffic } = trafficWith({ mode: "throttle", slowCall: 100 });
    expect(traffic.slowUnderWay(NOW, 2, NOW - 100)).toBeUndefined();
  });
});

test("clear() forgets the counts", () => {
  const { traffic } = trafficWith({ threshold: 2 });
  traffic.failed(failure());
  traffic.clear();
  expect(traffic.failed(failure())).toBeUndefined();
  expect(traffic.failed(failure())).toBe("failure");
});

describe("mode: throttle", () => {
  test("holds calls back by what the backend accepted, and never trips", () => {
    const { traffic } = trafficWith({ mode: "throttle", threshold: 1 });
    expect(traffic.rule).toBeUndefined();
    for (let call = 0; call < 9; call++) expect(traffic.failed(failure())).toBeUndefined();
    expect(traffic.holdsBack(NOW, 0.89)).toBe(true);
    expect(traffic.holdsBack(NOW, 0.95)).toBe(false);
    for (let call = 0; call < 10; call++) expect(traffic.succeeded(undefined, false)).toBeUndefined();
    expect(traffic.holdsBack(NOW, 0)).toBe(false);
    expect([traffic.ofThisHost, traffic.doubts]).toEqual([false, false]);
    traffic.clear();
  });

  test("is the only mode that holds calls back", () => {
    const { traffic } = trafficWith({ threshold: 5 });
    for (let call = 0; call < 4; call++) traffic.failed(failure());
    expect(traffic.holdsBack(NOW, 0)).toBe(false);
  });
});

describe("the settings decide what is counted", () => {
  test.each<[string, Partial<CircuitSettings>, { successes: boolean; nothing: boolean }]>([
    ["one failure trips", {}, { successes: false, nothing: true }],
    ["one in a row does", { threshold: 0, consecutive: 1 }, { successes: false, nothing: true }],
    ["several do", { threshold: 2 }, { successes: false, nothing: false }],
    ["several in a row do", { threshold: 0, consecutive: 2 }, { successes: true, nothing: false }],
    ["a share of failures does", { failureRate: 0.5 }, { successes: true, nothing: false }],
    ["a share of slow calls does", { slowCall: 100 }, { successes: true, nothing: false }],
    ["calls are held back", { mode: "throttle" }, { successes: true, nothing: false }],
  ])("successes and failures: %s", (_, changes, { successes, nothing }) => {
    expect(countsSuccessesOf(settingsWith(changes))).toBe(successes);
    expect(countsNothing(settingsWith(changes))).toBe(nothing);
  });

  test.each<[keyof CircuitSettings, unknown]>([
    ["mode", "throttle"],
    ["threshold", 2],
    ["window", 5_000],
    ["failureRate", 0.5],
    ["minimumCalls", 20],
    ["consecutive", 3],
    ["slowCall", 100],
    ["slowCallRate", 0.5],
    ["hangCalls", 3],
  ])("another %s means that calls are counted differently", (name, value) => {
    expect(countsAlike(settingsWith({}), settingsWith({ [name]: value }))).toBe(false);
  });

  test("other settings change nothing about how calls are counted", () => {
    expect(countsAlike(settingsWith({}), settingsWith({ openMs: 5, quorum: 3, scope: "confirm" }))).toBe(
      true,
    );
  });
});

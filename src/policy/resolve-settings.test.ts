import { describe, expect, test } from "vitest";
import { callTimeoutMs, idleTimeoutMs } from "../options/handle-times.js";
import { type FailfastDefaults, type FailfastOptions, lenient } from "../options/options.js";
import type { Store } from "../options/store.js";
import { refuseContradictions } from "./contradictions.js";
import { mergeOptions, resolveSettings } from "./resolve-settings.js";
import { settingsWith } from "./settings.fixture.js";
import type { CircuitSettings } from "./settings.js";

const resolve = (own: FailfastOptions = {}, defaults: FailfastDefaults = {}): CircuitSettings =>
  resolveSettings(60, defaults, own);
const store: Store = { get: () => null, set: () => undefined, delete: () => undefined };
const check = async (): Promise<boolean> => true;

describe("a circuit that is given only its time", () => {
  test("has every default", () => {
    expect(resolve()).toEqual(settingsWith({}));
  });
});

describe("a circuit that is given every option", () => {
  test("has these settings, with times in milliseconds", () => {
    const from = (): undefined => undefined;
    const given: FailfastOptions = {
      recovery: check,
      probes: 2,
      threshold: 3,
      failureRate: 0.4,
      consecutive: 4,
      window: "5s",
      minimumCalls: 6,
      slowCall: "300ms",
      slowCallRate: 0.7,
      backoff: { factor: 2, max: "5m", jitter: 0.1, forget: "2m" },
      retryAfter: { from, min: "2s", max: "3m" },
      rampUp: "20s",
      scope: "confirm",
      quorum: 3,
      mode: "shadow",
      shareReason: true,
      stackTraces: true,
    };
    expect(resolve(given, { maxCircuits: 77 })).toEqual({
      openMs: 60_000,
      recovery: "probe",
      check,
      probes: 2,
      threshold: 3,
      consecutive: 4,
      window: 5_000,
      failureRate: 0.4,
      minimumCalls: 6,
      slowCall: 300,
      slowCallRate: 0.7,
      hangCalls: 0,
      backoffFactor: 2,
      backoffMax: 300_000,
      backoffJitter: 0.1,
      backoffForget: 120_000,
      retryAfterMin: 2_000,
      retryAfterMax: 180_000,
      retryAfterFrom: from,
      rampUp: 20_000,
      scope: "confirm",
      quorum: 3,
      mode: "shadow",
      shareReason: true,
      stackTraces: true,
      maxCircuits: 77,
    });
    expect(resolve({ recovery: "all" })).toMatchObject({ recovery: "all", check: undefined });
  });
});

describe("a default that depends on other options", () => {
  test("threshold is 1, unless another way of counting is given", () => {
    expect(resolve({ failureRate: 0.5 }).threshold).toBe(0);
    expect(resolve({ consecutive: 5 }).threshold).toBe(0);
    expect(resolve({ slowCall: 1 }).threshold).toBe(1);
    expect(resolve({ failureRate: 0.5, threshold: 2 }).threshold).toBe(2);
  });

  test("consecutive is 5 for guards of clients, unless another way of counting is given", () => {
    const inARow = (own: FailfastOptions): number[] => {
      const { consecutive, threshold } = resolve(lenient(own));
      return [consecutive, threshold];
    };
    expect(inARow({})).toEqual([5, 0]);
    expect(inARow({ slowCall: 1 })).toEqual([5, 0]);
    expect(inARow({ threshold: 2 })).toEqual([0, 2]);
    expect(inARow({ failureRate: 0.5 })).toEqual([0, 0]);
    expect(inARow({ mode: "throttle" })).toEqual([0, 1]);
    expect(inARow({ consecutive: 3 })).toEqual([3, 0]);
  });

  test("slowCallRate is 0.5 and three slow calls in a row are a hang, if slowCall is given", () => {
    expect(resolve({ slowCall: 1 })).toMatchObject({ slowCallRate: 0.5, hangCalls: 3 });
    expect(resolve({ slowCall: 1, slowCallRate: 1 })).toMatchObject({ slowCallRate: 1, hangCalls: 0 });
  });

  test("window is two minutes with mode: throttle", () => {
    expect(resolve({ mode: "throttle" }).window).toBe(120_000);
    expect(resolve({ mode: "throttle", window: "30s" }).window).toBe(30_000);
  });

  test("the longest open time is ten times the circuit's own, and never over a year", () => {
    expect(resolve({ backoff: { factor: 2 } }).backoffMax).toBe(600_000);
    expect(resolve({ backoff: { jitter: 0.5 } }).backoffMax).toBe(60_000);
    expect(resolve({ retryAfter: true })).toMatchObject({ retryAfterMin: 1_000, retryAfterMax: 600_000 });
    expect(resolve({ retryAfter: { min: "2s" } })).toMatchObject({ retryAfterMin: 2_000 });
    expect(resolve({ retryAfter: false })).toMatchObject({ retryAfterMin: 0, retryAfterMax: 0 });
    const year = 365 * 86_400_000;
    expect(resolveSettings("300d", {}, { retryAfter: true }).retryAfterMax).toBe(year);
  });

  test("callTimeout and idleTimeout are in ms, and 0 if not given", () => {
    expect([callTimeoutMs({}), callTimeoutMs({ callTimeout: "250ms" })]).toEqual([0, 250]);
    expect([idleTimeoutMs({}), idleTimeoutMs({ idleTimeout: 90 })]).toEqual([0, 90_000]);
    expect(() => callTimeoutMs({ callTimeout: 61 })).toThrow("callTimeout is 61 seconds");
    expect(() => idleTimeoutMs({ idleTimeout: "soon" as never })).toThrow('idleTimeout is "soon"');
  });

  test.each<[string, FailfastOptions]>([
    ["window", { window: "soon" as never, threshold: 2 }],
    ["slowCall", { slowCall: "soon" as never }],
    ["backoff.max", { backoff: { factor: 2, max: "soon" as never } }],
    ["backoff.forget", { backoff: { factor: 2, forget: "soon" as never } }],
    ["retryAfter.min", { retryAfter: { min: "soon" as never } }],
    ["retryAfter.max", { retryAfter: { max: "soon" as never } }],
    ["rampUp", { rampUp: "soon" as never }],
  ])("an invalid time is refused with the option's name: %s", (name, own) => {
    expect(() => resolve(own)).toThrow(`${name} is "soon"`);
  });

  test("the circuit's own time is refused if invalid, and so is slowCall given in milliseconds", () => {
    expect(() => resolveSettings("soon" as never, {}, {})).toThrow('timeout is "soon"');
    expect(() => resolve({ slowCall: 300 })).toThrow("slowCall is 300 seconds");
  });
});

describe("a circuit's own options", () => {
  test("override the defaults", () => {
    expect(mergeOptions({ threshold: 2, probes: 3 }, { threshold: 4 })).toEqual({ threshold: 4, probes: 3 });
  });

  const probing: FailfastDefaults = { probes: 2, backoff: { factor: 2 }, rampUp: 5 };
  const tripping: FailfastDefaults = {
    threshold: 2,
    failureRate: 0.5,
    minimumCalls: 5,
    consecutive: 5,
    slowCall: 1,
    slowCallRate: 0.5,
    quorum: 2,
    backoff: { factor: 2 },
    retryAfter: true,
    rampUp: 5,
  };
  test.each<[FailfastDefaults, FailfastOptions]>([
    [{ failureRate: 0.5 }, { threshold: 2 }],
    [{ threshold: 2 }, { failureRate: 0.5 }],
    [probing, { recovery: "all" }],
    [{ quorum: 2 }, { scope: "process" }],
    [{ callTimeout: 1 }, { returns: "value" }],
    [tripping, { mode: "throttle" }],
    [{ minimumCalls: 5 }, { threshold: 2 }],
  ])("remove from the defaults %j what contradicts %j", (defaults, own) => {
    expect(mergeOptions(defaults, own)).toEqual(own);
  });

  test.each<[FailfastDefaults, FailfastOptions]>([
    [probing, { recovery: "probe" }],
    [{ quorum: 2 }, { scope: "fleet" }],
    [{ callTimeout: 1 }, { returns: "promise" }],
    [tripping, { mode: "shadow" }],
    [{ failureRate: 0.5, minimumCalls: 5 }, { consecutive: 3 }],
    [{ slowCall: 1, minimumCalls: 5 }, { consecutive: 3 }],
    [{ minimumCalls: 5 }, { minimumCalls: 6 }],
  ])("keep the defaults %j beside %j", (defaults, own) => {
    expect(mergeOptions(defaults, own)).toEqual({ ...defaults, ...own });
  });
});

describe("options that contradict each other are refused", () => {
  const throttled = 'and with mode: "throttle" no failure trips: leave one out';
  const noProbes = 'and with recovery: "all" nobody probes: leave one out';
  test.each<[FailfastOptions, string]>([
    [
      { fallbackOn: "failure" },
      "fallbackOn says when the fallback answers, but there is no fallback: give one",
    ],
    [
      { exceptions: [] },
      "exceptions is an empty list, and without results, callTimeout or slowCall nothing is ever a failure",
    ],
    [
      { slowCallRate: 0.5 },
      "slowCallRate is a share of slow calls: give slowCall too, the time from which a call is slow",
    ],
    [{ minimumCalls: 5 }, "minimumCalls is for rates: give failureRate or slowCall with it, or leave it out"],
    [
      { callTimeout: 1, returns: "value" },
      'callTimeout needs a promise to time out: it can\'t go with returns: "value"',
    ],
    [{ callTimeout: 1, slowCall: "2s" }, 'slowCall "2s" is never reached under a callTimeout of 1'],
    [{ callTimeout: 1, slowCall: 1 }, "slowCall 1 is never reached under a callTimeout of 1"],
    [{ mode: "throttle", threshold: 2 }, `threshold is about tripping, ${throttled}`],
    [{ mode: "throttle", failureRate: 0.5 }, `failureRate is about tripping, ${throttled}`],
    [{ mode: "throttle", consecutive: 2 }, `consecutive is about tripping, ${throttled}`],
    [{ mode: "throttle", slowCall: 1 }, `slowCall is about tripping, ${throttled}`],
    [{ mode: "throttle", quorum: 2 }, `quorum is about tripping, ${throttled}`],
    [{ mode: "throttle", backoff: {} }, `backoff is about tripping, ${throttled}`],
    [{ mode: "throttle", retryAfter: true }, `retryAfter is about tripping, ${throttled}`],
    [{ mode: "throttle", rampUp: 5 }, `rampUp is about tripping, ${throttled}`],
    [{ mode: "throttle", scope: "confirm" }, `scope: "confirm" is about tripping, ${throttled}`],
    [
      { window: "5s" },
      "window is the time over which calls are counted, but nothing is counted here: give threshold, failureRate or slowCall with it, or leave it out",
    ],
    [
      { backoff: { max: "5m" } },
      "backoff.max does nothing while nothing grows: give backoff.factor with it, or leave it out",
    ],
    [
      { backoff: { forget: "5m" } },
      "backoff.forget does nothing while nothing grows: give backoff.factor with it, or leave it out",
    ],
    [
      { scope: "process", quorum: 2 },
      'quorum 2 needs other hosts to vote, and scope: "process" tells them nothing: leave one out',
    ],
    [{ recovery: "all", probes: 2 }, `probes is about probes, ${noProbes}`],
    [{ recovery: "all", backoff: { factor: 2 } }, `backoff is about probes, ${noProbes}`],
    [{ recovery: "all", rampUp: 5 }, `rampUp is about probes, ${noProbes}`],
    [
      { backoff: { factor: 2, max: "10s" } },
      'backoff.max "10s" is shorter than the circuit\'s own time, 60000 ms',
    ],
    [
      { retryAfter: { min: "5m", max: "1m" } },
      "retryAfter.max, 60000 ms, is shorter than retryAfter.min, 300000 ms",
    ],
    [
      { quorum: 2, store },
      "quorum 2 needs a store that can compare and swap, and this one has no swap: use the memory, file, Redis, Upstash, PostgreSQL, MySQL, SQLite, NATS, memcached or DynamoDB store, or leave quorum out",
    ],
  ])("%j", (own, why) => {
    expect(() => resolve(own)).toThrow(TypeError);
    expect(() => resolve(own)).toThrow(why);
  });

  test.each<FailfastOptions>([
    { fallbackOn: "failure", fallback: () => 1 },
    { exceptions: [], results: () => false },
    { exceptions: [], callTimeout: 1 },
    { exceptions: [], slowCall: 1 },
    { exceptions: [Error] },
    { slowCallRate: 0.5, slowCall: 1 },
    { minimumCalls: 5, failureRate: 0.5 },
    { minimumCalls: 5, slowCall: 1 },
    { callTimeout: 1, returns: "promise" },
    { callTimeout: 2, slowCall: 1 },
    { returns: "value" },
    { mode: "throttle", scope: "process" },
    { mode: "shadow", threshold: 2, scope: "confirm" },
    { window: "5s", threshold: 2 },
    { window: "5s", failureRate: 0.5 },
    { window: "5s", slowCall: 1 },
    { window: "5s", quorum: 2 },
    { window: "5s", mode: "throttle" },
    { backoff: { factor: 2, max: "1m", forget: "5m" } },
    { scope: "process" },
    { quorum: 2 },
    { quorum: 2, store: { ...store, swap: () => ({ ok: true, value: null }) } },
    { quorum: 1, store },
    { probes: 2 },
    { retryAfter: { min: "1m", max: "1m" } },
  ])("%j is accepted", (own) => {
    expect(() => resolve(own)).not.toThrow();
  });

  test("window and slowCall in the defaults alone are no contradiction", () => {
    expect(() => resolve({}, { window: "30s" })).not.toThrow();
    expect(() => resolve({ callTimeout: 1 }, { slowCall: "2s" })).not.toThrow();
    expect(() => resolve({}, { backoff: { max: "5m" } })).not.toThrow();
    expect(() => resolve({ slowCall: "2s" }, { callTimeout: 1 })).toThrow(/never reached/);
  });

  test("idleTimeout is checked, even if no other option is given", () => {
    expect(() => refuseContradictions({ idleTimeout: "soon" as never }, {})).toThrow('idleTimeout is "soon"');
  });
});

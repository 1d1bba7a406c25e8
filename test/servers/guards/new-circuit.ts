import { afterEach, beforeEach } from "vitest";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { type ManualClock, manualClock } from "../../../src/testing/index.js";

/** New for each test. */
export let clock: ManualClock;
/** New for each test. One failure opens a circuit, and slow calls are counted, so that calls in flight are known. */
export let failfast: Failfast;
/** What ends what a test started, run after it in reverse order. */
export const ends: (() => unknown)[] = [];

beforeEach(() => {
  clock = manualClock();
  failfast = createFailfast({ clock, threshold: 1, slowCall: "59s", minimumCalls: 1_000 });
});
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

export const state = (name = "app"): string => failfast(name).state;
export const underWay = (): number => failfast("app").snapshot().inFlight ?? 0;
/** The open time is over: the next request is the probe. */
export const due = async (): Promise<void> => {
  await failfast("app", 30).trip();
  await clock.advance(31_000);
};

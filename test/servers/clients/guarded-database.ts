import { afterEach, beforeEach, expect } from "vitest";
import { type Circuit, createFailfast, type FailfastOptions, isFailfastError } from "../../../src/index.js";
import type { ManualClock } from "../../../src/testing/index.js";

/** What ends what a test started, run after it in reverse order. */
export let close: (() => unknown)[];
beforeEach(() => {
  close = [];
});
afterEach(async () => {
  for (const each of close.reverse()) await each();
});

export const outcome = (call: unknown): Promise<unknown> =>
  Promise.resolve(call).catch((error: unknown) => error);

export const circuitOf = (options: FailfastOptions = {}, time = "60s", clock?: ManualClock): Circuit => {
  const failfast = createFailfast(clock ? { clock } : {});
  close.push(() => failfast.close());
  return failfast("database", time as "60s", options) as Circuit;
};

export const rejects = (call: () => Promise<unknown>): Promise<void> =>
  expect.poll(async () => isFailfastError(await outcome(call())), { timeout: 20_000 }).toBe(true);

export const takesConnections = (take: () => Promise<{ release(): void }>): Promise<void> =>
  expect
    .poll(async () => (await outcome(take().then((given) => given.release()))) === undefined, {
      timeout: 20_000,
    })
    .toBe(true);

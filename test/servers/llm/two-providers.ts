import { afterEach, beforeEach, expect } from "vitest";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { type ManualClock, manualClock } from "../../../src/testing/index.js";
import { type Does, type Provider, startProvider } from "./start-provider.js";

type Format = Parameters<typeof startProvider>[0];

/** New for each test. */
export let clock: ManualClock;
/** New for each test. One failure opens a circuit. */
export let failfast: Failfast;
/** What `startBoth` started. */
export let first: Provider;
export let second: Provider;

beforeEach(() => {
  clock = manualClock();
  failfast = createFailfast({ clock, threshold: 1 });
});
afterEach(async () => {
  await first?.stop();
  await second?.stop();
});

export async function startBoth(one: Format, other: Format): Promise<void> {
  first = await startProvider(one);
  second = await startProvider(other);
}

export const state = (name: string): string => failfast(name).state;

/** Looks again as long as a busy machine may take. */
export const soon = <T>(look: () => T) => expect.poll(look, { timeout: 30_000 });

/** Moves the time until the condition holds. */
export async function moveUntil(done: () => boolean): Promise<void> {
  while (!done()) {
    await clock.advance(1_000);
    await new Promise((turn) => setImmediate(turn));
  }
}

export const outcome = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

/** Failures that another provider would not have, in the providers' own words. */
export const FAILURES: [string, Does][] = [
  ["an error of the server's", { status: 500 }],
  ["overload", { status: 529, error: { type: "overloaded_error" } }],
  ["too many calls", { status: 429 }],
  ["a key that is not taken", { status: 401, error: { code: "invalid_api_key" } }],
  ["a bill that is not paid", { status: 402 }],
  ["no access", { status: 403 }],
  ["a used-up quota", { status: 429, error: { code: "insufficient_quota", type: "insufficient_quota" } }],
];

/** Failures that only their words show: the status is that of an invalid request. */
export const BY_WORDS: [string, Does][] = [
  [
    "no credit",
    { status: 400, error: { message: "Your credit balance is too low to access the Anthropic API." } },
  ],
  ["a model that is gone", { status: 404, error: { message: "The model `gpt-1` does not exist" } }],
];

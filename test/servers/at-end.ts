import type { TestContext } from "vitest";

/** Adds to what a test does when it is over, the last first. */
export type AtEnd = (end: () => unknown) => void;

/** Of one test, where several run at the same time. */
export const atEndOf =
  ({ onTestFinished }: TestContext): AtEnd =>
  (end) =>
    onTestFinished(async () => void (await end()));

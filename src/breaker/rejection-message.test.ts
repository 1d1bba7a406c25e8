import { describe, expect, test } from "vitest";
import type { FailfastErrorFields } from "../errors/failfast-error.js";
import { RejectionMessage } from "./rejection-message.js";

const rejected = (changes: Partial<FailfastErrorFields> = {}): FailfastErrorFields => ({
  circuit: "x",
  state: "open",
  retryAfterMs: 60_000,
  ...changes,
});
const saying = (seconds: number): string =>
  `circuit "x" is open; the call was not made, retry in ${seconds} s`;

describe("the message of a rejection", () => {
  test("gives whole seconds, whatever the message before said", () => {
    const message = new RejectionMessage();
    for (const [ms, seconds] of [
      [60_000, 60],
      [59_002, 60],
      [59_001, 59],
      [60_001, 60],
      [60_002, 61],
      [1_001, 1],
      [1_002, 2],
      [1, 1],
      [0, 1],
    ] as const)
      expect(message.of(rejected({ retryAfterMs: ms })), `${ms} ms`).toBe(saying(seconds));
  });

  test("names the circuit, its state and its hold", () => {
    const message = new RejectionMessage();
    message.of(rejected());
    expect(message.of(rejected({ circuit: "y" }))).toMatch(/^circuit "y" is open/);
    expect(message.of(rejected({ circuit: "y", state: "half-open" }))).toMatch(/^circuit "y" is half-open/);
    expect(message.of(rejected({ circuit: "y", state: "half-open", held: "open" }))).toMatch(/held open/);
    expect(message.of(rejected({ circuit: "y", state: "half-open" }))).toMatch(/^circuit "y" is half-open/);
    expect(message.of(rejected())).toBe(saying(60));
  });

  test("is the same string as long as nothing in it changes", () => {
    let read = 0;
    const counting = (ms: number): FailfastErrorFields => ({
      ...rejected({ retryAfterMs: ms }),
      get circuit() {
        read++;
        return "x";
      },
    });
    const message = new RejectionMessage();
    message.of(counting(60_000));
    const first = read;
    read = 0;
    message.of(counting(59_500));
    expect([read, first > 1]).toEqual([1, true]);
  });

  test("is the same string also if no time remains, as for calls that only a share of is admitted", () => {
    let read = 0;
    const fields = {
      ...rejected({ state: "closed", retryAfterMs: 0 }),
      get held() {
        read++;
        return undefined;
      },
    };
    const message = new RejectionMessage();
    message.of(fields);
    read = 0;
    message.of(fields);
    expect(read, "only compared").toBe(1);
  });
});

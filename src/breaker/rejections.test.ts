import { describe, expect, test } from "vitest";
import { isHeld } from "../sync/replica.fixture.js";
import { circuitWith, enter, fail, OPEN_MS, pushed } from "./breaker.fixture.js";
import { Breaker } from "./breaker.js";
import { reset } from "./operator.js";
import { describeRejections, type Rejections } from "./rejections.js";

type Said = Parameters<typeof describeRejections>[0];

const { breaker: by } = circuitWith();
const said = (changes: Partial<Said> = {}): Said => ({
  circuit: "x",
  state: "open",
  retryAfterMs: 60_000,
  by,
  stateThen: by.current,
  atMs: 0,
  counts: by.counting,
  ...changes,
});
const saying = (seconds: number): string =>
  `circuit "x" is open; the call was not made, retry in ${seconds} s`;

/** The messages of rejections that follow each other. */
function messages(...each: readonly Partial<Said>[]): readonly string[] {
  let latest: Rejections | undefined;
  return each.map((changes) => {
    latest = describeRejections(said(changes), latest);
    return latest.message;
  });
}

describe("the message of a rejection", () => {
  test("gives whole seconds, whatever the message before said", () => {
    const times = [60_000, 59_002, 59_001, 60_001, 60_002, 1_001, 1_002, 1, 0];
    expect(messages(...times.map((retryAfterMs) => ({ retryAfterMs })))).toEqual(
      [60, 60, 59, 60, 61, 1, 2, 1, 1].map(saying),
    );
  });

  test("names the circuit, its state and its hold", () => {
    const halfOpen = { circuit: "y", state: "half-open" } as const;
    expect(messages({}, { circuit: "y" }, halfOpen, { ...halfOpen, held: "open" }, halfOpen, {})).toEqual([
      saying(60),
      expect.stringMatching(/^circuit "y" is open/),
      expect.stringMatching(/^circuit "y" is half-open/),
      expect.stringMatching(/held open/),
      expect.stringMatching(/^circuit "y" is half-open/),
      saying(60),
    ]);
  });
});

describe("what the rejections of a circuit say", () => {
  test("keeps no failed call's error once the circuit has closed, or is no longer used", async () => {
    for (const ends of [(breaker: Breaker) => reset(breaker, ""), (breaker: Breaker) => breaker.retire()]) {
      const { breaker, session } = circuitWith();
      fail(breaker, { error: "down" });
      enter(breaker);
      expect(breaker.rejections.cause).toBe("down");
      await ends(breaker);
      expect(session.rejections).toBeUndefined();
    }
  });

  test("is made once for each reading of the clock", async () => {
    const { breaker, time } = circuitWith();
    fail(breaker);
    enter(breaker);
    const first = breaker.rejections;
    enter(breaker);
    expect(breaker.rejections).toBe(first);
    await time.advance(400);
    enter(breaker);
    expect(breaker.rejections).toMatchObject({ retryAfterMs: OPEN_MS - 400, message: first.message });
  });

  test("is made again if the state or the settings change before the clock is read again", () => {
    const circuit = circuitWith();
    const { breaker } = circuit;
    fail(breaker, { error: "down" });
    enter(breaker);
    const first = breaker.rejections;
    breaker.updateSettings({ ...breaker.settings });
    expect(breaker.rejections).not.toBe(first);
    expect(breaker.rejections).toMatchObject({ cause: "down", held: undefined });
    pushed(circuit, isHeld(40, "open"));
    expect(breaker.rejections).toMatchObject({ cause: "down", held: "open" });
  });

  test("is apart for circuits of one store", () => {
    const { breaker, session } = circuitWith();
    const other = new Breaker("y", breaker.settings, session);
    for (const each of [breaker, other, breaker]) {
      each.rejections.counts.rejections++;
      expect(each.rejections).toMatchObject({ circuit: each.name });
    }
    expect([breaker.counts.rejections, other.counts.rejections]).toEqual([2, 1]);
  });
});

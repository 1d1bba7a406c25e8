import { describe, expect, test } from "vitest";
import { manualClock } from "../testing/manual-clock.js";
import { StoreClock } from "./store-clock.js";

const NOW = 500;
const WALL = 1_000_000;
/** About 70 years. */
const TOO_FAR = 2 ** 41;

function clocks(): { time: ReturnType<typeof manualClock>; clock: StoreClock } {
  const time = manualClock({ now: NOW, wall: WALL });
  return { time, clock: new StoreClock(time) };
}

describe("the store's clock", () => {
  test("is the wall clock until it is known", async () => {
    const { time, clock } = clocks();
    expect(clock.known).toBe(false);
    expect(clock.now()).toBe(WALL);
    await time.advance(10);
    expect(clock.now()).toBe(WALL + 10);
  });

  test("is taken as read midway between request and answer, and advanced by the monotonic clock", async () => {
    const { time, clock } = clocks();
    await time.advance(20);
    expect(clock.learn(9_000, NOW)).toBe(true);
    expect(clock.known).toBe(true);
    expect(clock.now()).toBe(9_010);
    time.jumpWall(3_600_000);
    await time.advance(5);
    expect(clock.now()).toBe(9_015);
  });

  test("known from pushes only is the latest time they had, until an answer has a better one", async () => {
    const { time, clock } = clocks();
    clock.absent = true;
    clock.hear(9_000);
    expect(clock.now()).toBe(9_000);
    await time.advance(10);
    clock.hear(9_004);
    expect(clock.now()).toBe(9_010);
    clock.hear(9_025);
    expect(clock.now()).toBe(9_025);
    clock.learn(9_015, time.now());
    clock.hear(9_100);
    clock.hear(Number.NaN);
    expect(clock.now()).toBe(9_015);
  });

  test("is not asked for again if the store has none", () => {
    const { clock } = clocks();
    clock.absent = true;
    expect(clock.known).toBe(true);
    expect(clock.now()).toBe(WALL);
  });

  test.each([
    ["nothing", undefined],
    ["a word", "soon"],
    ["a number in a string", String(WALL)],
    ["no number", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["70 years ahead", WALL + TOO_FAR],
    ["70 years ago", WALL - TOO_FAR],
  ])("is not learnt from %s", (_, reading) => {
    const { clock } = clocks();
    expect(clock.learn(reading, NOW)).toBe(false);
    expect(clock.known).toBe(false);
    expect(clock.now()).toBe(WALL);
  });

  test("is learnt from a time that is less than 70 years off", () => {
    expect(clocks().clock.believable(WALL + TOO_FAR - 1)).toBe(true);
    expect(clocks().clock.believable(WALL - TOO_FAR + 1)).toBe(true);
  });
});

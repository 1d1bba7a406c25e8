import { describe, expect, test } from "vitest";
import { manualClock } from "../testing/index.js";
import { ReadTimer } from "./read-timer.js";

function started() {
  const clock = manualClock();
  const told: string[] = [];
  const timer = new ReadTimer(clock, { due: () => told.push("due"), slept: () => told.push("slept") });
  timer.start();
  return { clock, timer, told };
}

describe("a read timer", () => {
  test("tells once when a read is due, however long that takes", async () => {
    const { clock, timer, told } = started();
    timer.schedule(5_500);
    await clock.advance(5_499);
    expect(told).toEqual([]);
    await clock.advance(60_000);
    expect(told).toEqual(["due"]);
  });

  test("is hurried, and never delayed", async () => {
    const { clock, timer, told } = started();
    timer.schedule(5_000);
    timer.hurry(2_000);
    timer.hurry(3_000);
    await clock.advance(2_000);
    expect(told).toEqual(["due"]);
  });

  test("notices that the process slept, also while no read is planned", async () => {
    const { clock, told } = started();
    await clock.advance(3_000);
    clock.stall(2_000);
    await clock.advance(0);
    expect(told).toEqual(["slept"]);
  });

  test("notices it even if the next read is planned first", () => {
    const { clock, timer, told } = started();
    clock.stall(2_000);
    timer.schedule(1_000);
    expect(told).toEqual(["slept"]);
  });

  test("notices that only the wall clock moved", () => {
    const { clock, timer, told } = started();
    clock.jumpWall(999);
    timer.checkDrift();
    expect(told).toEqual([]);
    clock.jumpWall(-1_999);
    timer.checkDrift();
    timer.checkDrift();
    expect(told).toEqual(["slept"]);
  });

  test("takes a timer that is a little late for no sleep", async () => {
    const { clock, told } = started();
    clock.stall(1_500);
    await clock.advance(0);
    expect(told).toEqual([]);
  });

  test("leaves no timer behind once it is stopped, whatever is planned later", () => {
    const { clock, timer } = started();
    timer.schedule(1_000);
    timer.stop();
    timer.schedule(1_000);
    expect(clock.pending).toBe(0);
  });
});

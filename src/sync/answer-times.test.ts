import { describe, expect, test } from "vitest";
import { AnswerTimes } from "./answer-times.js";

/** The store took so long for each of its answers, one a second. */
function answersIn(...took: number[]): AnswerTimes {
  const times = new AnswerTimes();
  for (const [second, ms] of took.entries()) times.note(1_000 * second, 1_000 * second + ms);
  return times;
}

describe("how long a caller waits for its lease", () => {
  test("is twice the median of the store's answers, whatever their order", () => {
    expect(answersIn(90, 30, 50).leaseWaitMs).toBe(100);
    expect(answersIn(30, 50).leaseWaitMs).toBe(100);
  });

  test("is at least 20 ms, also before the first answer, and at most 250 ms", () => {
    expect(answersIn().leaseWaitMs).toBe(20);
    expect(answersIn(9).leaseWaitMs).toBe(20);
    expect(answersIn(400).leaseWaitMs).toBe(250);
  });

  test("follows the last seven answers", () => {
    expect(answersIn(20, 30, 40, 50, 60, 70, 80).leaseWaitMs).toBe(100);
    expect(answersIn(20, 30, 40, 50, 60, 70, 80, 90, 100).leaseWaitMs).toBe(140);
  });
});

test("the moment of the newest answer is known", () => {
  expect(answersIn().heardAt).toBe(-Infinity);
  expect(answersIn(10, 20).heardAt).toBe(1_020);
});

import { expect, test } from "vitest";
import { AT, circuitOf } from "./fleet.fixture.js";
import { History, STEP_MS, STEPS } from "./history.js";

const counted = (calls: number, failures = 0, rejections = 0) =>
  circuitOf("a", { totals: { calls, failures, rejections, slow: 0 } });
const at = (step: number): number => AT + step * STEP_MS;
const calls = (history: History): readonly number[] => history.of("a")?.calls.slice(-4) ?? [];

test("counts from before the first report are not shown", () => {
  const history = new History();
  history.add(at(0), [counted(1_000_000)]);
  expect(history.of("a")).toBeUndefined();
});

test("calls are shown in the step in which they happened", () => {
  const history = new History();
  history.add(at(0), [counted(10)]);
  history.add(at(1), [counted(15, 2, 1)]);
  history.add(at(1) + 1, [counted(16, 2, 1)]);
  history.add(at(3), [counted(20)]);
  expect(calls(history)).toEqual([0, 6, 0, 4]);
  expect(history.of("a")?.failures.slice(-4)).toEqual([0, 2, 0, 0]);
  expect(history.sum().rejections.slice(-4)).toEqual([0, 1, 0, 0]);
});

test("a process that ends takes its counts with it, and no step becomes negative", () => {
  const history = new History();
  for (const [step, total] of [10, 20, 5, 8].entries()) history.add(at(step), [counted(total)]);
  expect(calls(history)).toEqual([0, 10, 0, 3]);
});

test("steps older than the history are dropped, even for a circuit without calls since", () => {
  const history = new History();
  history.add(at(0), [counted(0)]);
  history.add(at(1), [counted(7)]);
  expect(calls(history)).toEqual([0, 0, 0, 7]);
  history.add(at(2 + STEPS), []);
  expect(history.of("a")).toBeUndefined();
  history.add(at(3 + STEPS), [counted(9)]);
  expect(calls(history)).toEqual([0, 0, 0, 2]);
});

test("a page that opens continues the server's history, and counts nothing twice", () => {
  const server = new History();
  server.add(at(0), [counted(0)]);
  server.add(at(1), [counted(7)]);
  const page = new History();
  page.restore(JSON.parse(JSON.stringify(server.save())));
  page.add(at(1), [counted(7)]);
  page.add(at(2), [counted(9)]);
  expect(calls(page)).toEqual([0, 0, 7, 2]);
  page.forget("a");
  expect(page.of("a")).toBeUndefined();
});

test("a clock that is set back does not change past steps", () => {
  const history = new History();
  history.add(at(5), [counted(0)]);
  history.add(at(1), [counted(3)]);
  expect(calls(history)).toEqual([0, 0, 0, 3]);
});

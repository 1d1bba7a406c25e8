import { expect, test } from "vitest";
import { againWhere } from "./again.js";

const lost = (error: unknown): boolean => (error as Error).message === "lost";

function failing(times: number, message = "lost") {
  const tried = { times: 0 };
  const run = async (): Promise<string> => {
    tried.times += 1;
    if (tried.times <= times) throw new Error(message);
    return "done";
  };
  return { tried, run };
}

test("a statement that lost against another is run again until it succeeds", async () => {
  const { tried, run } = failing(3);
  expect(await againWhere(lost, run)).toBe("done");
  expect(tried.times).toBe(4);
});

test("any other error is thrown at once", async () => {
  const { tried, run } = failing(3, "no table");
  await expect(againWhere(lost, run)).rejects.toThrow("no table");
  expect(tried.times).toBe(1);
});

test("a statement that always loses is an error in the end", async () => {
  const { tried, run } = failing(Number.POSITIVE_INFINITY);
  await expect(againWhere(lost, run)).rejects.toThrow("lost");
  expect(tried.times).toBe(25);
});

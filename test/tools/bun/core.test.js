import { expect, jest, test } from "bun:test";
import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";
import { createFailfast, FailfastError, failfast } from "failfast";

const down = async () => {
  throw new Error("down");
};

test("a circuit trips, rejects, and is shared with CommonJS", async () => {
  const salesApi = failfast("sales_api", 60);
  await expect(salesApi.run(down)).rejects.toThrow("down");
  expect(salesApi.run(down)).rejects.toBeInstanceOf(FailfastError);
  expect(createRequire(import.meta.url)("failfast").failfast("sales_api").state).toBe("open");
});

test("background work is in nobody's async context", async () => {
  const request = new AsyncLocalStorage();
  const contexts = new Set();
  const noted = async () => {
    contexts.add(request.getStore());
    throw new Error("no store");
  };
  const shared = createFailfast({
    store: { get: noted, set: noted, delete: noted, swap: noted, list: noted },
  });
  await request.run("a request", () =>
    shared("sales_api", 60)
      .run(down)
      .catch(() => {}),
  );
  await shared.settled();
  expect([...contexts]).toEqual([undefined]);
  await shared.close();
});

test("fake time moves a circuit", async () => {
  const works = async () => "works";
  const salesApi = createFailfast()("sales_api", 60);
  await salesApi.run(down).catch(() => {});
  jest.useFakeTimers();
  jest.advanceTimersByTime(61_000);
  expect(await salesApi.run(works)).toBe("works");
  await salesApi.run(down).catch(() => {});
  await expect(salesApi.run(works)).rejects.toThrow("circuit");
  jest.advanceTimersByTime(61_000);
  expect(await salesApi.run(works)).toBe("works");
  await salesApi.run(down).catch(() => {});
  jest.useRealTimers();
  expect(salesApi.retryAfter).toBeGreaterThan(55);
  expect(salesApi.retryAfter).toBeLessThanOrEqual(60);
});

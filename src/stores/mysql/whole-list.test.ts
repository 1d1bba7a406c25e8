import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { mysqlStore } from "../mysql.js";

/** A server that takes so many ms to answer. */
function poolThatTakes(ms: number) {
  const head = ["host", "1", "1", "1"].map((text) => Buffer.from(text));
  const connection = {
    query: () =>
      new Promise<readonly [unknown, unknown]>((resolve) => setTimeout(() => resolve([[head], []]), ms)),
    release: () => undefined,
    destroy: vi.fn(),
  };
  return { getConnection: async () => connection, connection };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a list of everything may take long, and a list of changes may not", async () => {
  const pool = poolThatTakes(10_000);
  const store = mysqlStore(pool);
  const whole = Promise.resolve(store.list?.("")) as Promise<{ cursor: string }>;
  await vi.advanceTimersByTimeAsync(10_000);
  const { cursor } = await whole;
  expect(pool.connection.destroy).not.toHaveBeenCalled();
  const changes = expect(Promise.resolve(store.list?.("", "host/900000000/1"))).rejects.toThrow(
    /within 2000 ms/,
  );
  expect(cursor).toBe("host/1/1");
  await vi.advanceTimersByTimeAsync(2_000);
  await changes;
  expect(pool.connection.destroy).toHaveBeenCalledOnce();
});

test("a list of everything that never answers is given up", async () => {
  const store = mysqlStore(poolThatTakes(3_600_000));
  const list = expect(Promise.resolve(store.list?.(""))).rejects.toThrow(/within 20000 ms/);
  await vi.advanceTimersByTimeAsync(20_000);
  await list;
});

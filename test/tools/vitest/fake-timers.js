import { createFailfast } from "failfast";
import { afterEach, expect, test, vi } from "vitest";

const down = async () => {
  throw new Error("down");
};
const works = async () => "works";
afterEach(() => vi.useRealTimers());

test("61 s of fake time pass in no time, whenever they began", async () => {
  const salesApi = createFailfast()("sales_api", 60);
  await expect(salesApi.run(down)).rejects.toThrow("down");
  vi.useFakeTimers();
  vi.advanceTimersByTime(61_000);
  expect(salesApi.retryAfter).toBe(0);
  await expect(salesApi.run(works)).resolves.toBe("works");
  await expect(salesApi.run(down)).rejects.toThrow("down");
  vi.advanceTimersByTime(59_999);
  await expect(salesApi.run(works)).rejects.toThrow("circuit");
  vi.advanceTimersByTime(1);
  await expect(salesApi.run(works)).resolves.toBe("works");
});

test("the system time moves a circuit, with fake timers and without", async () => {
  for (const begin of [() => vi.useFakeTimers(), () => vi.useFakeTimers({ toFake: ["Date"] }), () => {}]) {
    const salesApi = createFailfast()("sales_api", 60);
    begin();
    await expect(salesApi.run(down)).rejects.toThrow("down");
    await expect(salesApi.run(works)).rejects.toThrow("circuit");
    vi.setSystemTime(Date.now() + 61_000);
    await expect(salesApi.run(works)).resolves.toBe("works");
    vi.useRealTimers();
  }
});

test("a circuit over another process's store follows fake time", async () => {
  vi.useFakeTimers();
  const { memoryStore } = await import("failfast");
  const store = memoryStore();
  const [here, there] = [0, 1].map(() => createFailfast({ store })("sales_api", 60));
  await here.run(works);
  await there.run(down).catch(() => {});
  await vi.advanceTimersByTimeAsync(0);
  await expect(here.run(works)).rejects.toThrow("circuit");
  await vi.advanceTimersByTimeAsync(61_000);
  await expect(here.run(works)).resolves.toBe("works");
  await expect(there.run(works)).resolves.toBe("works");
});

test("a window and a deadline follow fake time", async () => {
  vi.useFakeTimers();
  const salesApi = createFailfast()("sales_api", 60, { threshold: 2, window: "10s", callTimeout: "2s" });
  await salesApi.run(down).catch(() => {});
  vi.advanceTimersByTime(11_000);
  await salesApi.run(down).catch(() => {});
  expect(salesApi.state).toBe("closed");
  const call = expect(salesApi.run(() => new Promise(() => {}))).rejects.toThrow("2000 ms");
  await vi.advanceTimersByTimeAsync(2_001);
  await call;
  expect(salesApi.state).toBe("open");
});

import { describe, expect, test, vi } from "vitest";
import { createFailfast } from "../index.js";
import { manualClock } from "../testing/index.js";
import { failfastProcessor } from "./bullmq.js";

const makeJob = () => ({ moveToDelayed: vi.fn(async (_timestamp: number, _token?: string) => undefined) });

describe("failfastProcessor", () => {
  test("returns the result of a job that succeeds", async () => {
    expect(await failfastProcessor(async (job: object) => job)(makeJob())).toBeInstanceOf(Object);
  });

  test("delays a job while its circuit is open until calls may go through, plus a random time", async () => {
    const salesApi = createFailfast({ clock: manualClock() })("sales_api", 60);
    await salesApi.hold("open", { until: "30s" });
    const job = makeJob();
    const before = Date.now();
    const processor = failfastProcessor(
      salesApi(async (_job: object, _token: string) => "done"),
      { jitter: "2s" },
    );
    await expect(processor(job, "token")).rejects.toMatchObject({ name: "DelayedError" });
    const [[timestamp, token]] = job.moveToDelayed.mock.calls as [[number, string]];
    expect(token).toBe("token");
    expect(timestamp - before).toBeGreaterThanOrEqual(30_000);
    expect(timestamp - Date.now()).toBeLessThanOrEqual(32_000);
  });

  test("finds a rejection behind whatever wraps it", async () => {
    const salesApi = createFailfast({ clock: manualClock() })("sales_api", 60);
    await salesApi.hold("open");
    const job = makeJob();
    const wrapped = async (_job: object) =>
      salesApi.run(async () => "done").catch((cause) => Promise.reject(new Error("wrapped", { cause })));
    await expect(failfastProcessor(wrapped)(job)).rejects.toMatchObject({ name: "DelayedError" });
  });

  test("fails a job if its call was made and failed", async () => {
    const job = makeJob();
    const error = new Error("backend");
    await expect(failfastProcessor(async (_: object) => Promise.reject(error))(job)).rejects.toBe(error);
    expect(job.moveToDelayed).not.toHaveBeenCalled();
  });

  test("refuses anything but a function, and a jitter out of range", () => {
    expect(() => failfastProcessor("no function" as never)).toThrow(TypeError);
    expect(() => failfastProcessor(async () => 1, { jitter: -1 })).toThrow(RangeError);
  });
});

import { afterEach, describe, expect, test, vi } from "vitest";
import { createFailfast, type FailfastDefaults, memoryStore, type Store } from "../index.js";
import { listing } from "../sync/store-operations.js";
import { type ManualClock, manualClock } from "../testing/index.js";
import { decodeReport } from "./process-report.js";

afterEach(() => vi.unstubAllEnvs());

/** A store with a place for reports, and how often each place was written. */
function countingStore(clock: ManualClock) {
  const place = memoryStore({ clock });
  const records = memoryStore({ clock });
  const writes = { records: 0, reports: 0, deleted: 0 };
  const store: Store = {
    ...records,
    set: (...args) => {
      writes.records += 1;
      return records.set(...args);
    },
    swap: (...args) => {
      writes.records += 1;
      return records.swap?.(...args) ?? { ok: false, value: null };
    },
    sibling: () => ({
      ...place,
      set: (...args) => {
        writes.reports += 1;
        return place.set(...args);
      },
      delete: (key) => {
        writes.deleted += 1;
        return place.delete(key);
      },
    }),
  };
  const reports = async () => {
    const { entries } = listing(await place.list?.("report:"));
    return [...entries].flatMap(({ value }) => decodeReport(value) ?? []);
  };
  return { store, writes, reports };
}

/** Time passes in steps, so that modules which are loaded on demand have time to load. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    await clock.advance(Math.min(left, 1_000));
    await new Promise((turn) => setTimeout(turn, 1));
  }
}

function made(options: Partial<FailfastDefaults> = {}) {
  const clock = manualClock();
  const counting = countingStore(clock);
  const failfast = createFailfast({ clock, store: counting.store, host: "web-1", ...options });
  return { clock, failfast, ...counting };
}

const begun = (reports: number, clock: ManualClock, writes: { reports: number }) =>
  vi.waitFor(
    async () => {
      await pass(clock, 1_000);
      expect(writes.reports).toBeGreaterThanOrEqual(reports);
    },
    { timeout: 20_000, interval: 1 },
  );

describe("a process", () => {
  test("that has made no call reports nothing, even with circuits and an operator", async () => {
    const { clock, failfast, writes } = made();
    failfast("sales", 60);
    await failfast.ready();
    await pass(clock, 60_000);
    expect(writes).toMatchObject({ records: 0, reports: 0 });
    await failfast.close();
    expect(writes.deleted).toBe(0);
  });

  test("reports its circuits every 5 s, and none of its calls writes", async () => {
    const { clock, failfast, writes, reports } = made();
    const sales = failfast("sales", 60, { threshold: 3 });
    await sales.run(async () => 1);
    expect(writes).toMatchObject({ records: 0, reports: 0 });
    await begun(1, clock, writes);
    for (let seconds = 0; seconds < 60; seconds += 1) {
      for (let calls = 0; calls < 100; calls += 1) await sales.run(async () => 1);
      await pass(clock, 1_000);
    }
    expect(writes.records).toBe(0);
    expect(writes.reports).toBeGreaterThanOrEqual(10);
    expect(writes.reports).toBeLessThanOrEqual(17);
    const [report] = await reports();
    expect(report).toMatchObject({
      host: "web-1",
      pid: process.pid,
      storeUp: true,
      total: 1,
      everyMs: 5_000,
    });
    expect(report?.settings).toEqual([{ timeout: "1m", threshold: "3", window: "10s" }]);
    expect(report?.circuits).toMatchObject([{ key: "sales", state: "closed", failures: 0, rejections: 0 }]);
    expect(report?.circuits[0]?.calls).toBeGreaterThan(1_000);
  });

  test("counts failures and rejections exactly", async () => {
    const { clock, failfast, writes, reports } = made();
    const sales = failfast("sales", "1h");
    for (let calls = 0; calls < 7; calls += 1)
      await sales.run(() => Promise.reject(new Error("down"))).catch(() => 0);
    await begun(1, clock, writes);
    expect((await reports())[0]?.circuits).toMatchObject([{ state: "open", failures: 1, rejections: 6 }]);
  });

  test("that makes no more calls reports every 30 s", async () => {
    const { clock, failfast, writes } = made();
    await failfast("sales", 60).run(async () => 1);
    await begun(1, clock, writes);
    await pass(clock, 120_000);
    const before = writes.reports;
    await pass(clock, 300_000);
    expect(writes.reports - before).toBeGreaterThanOrEqual(7);
    expect(writes.reports - before).toBeLessThanOrEqual(13);
  });

  test("deletes its report when it closes", async () => {
    const { clock, failfast, writes, reports } = made();
    await failfast("sales", 60).run(async () => 1);
    await begun(1, clock, writes);
    expect(await reports()).toHaveLength(1);
    await failfast.close();
    expect(await reports()).toEqual([]);
  });

  test("leaves out circuits with scope: process, and lists the names that its report has no room for", async () => {
    const { clock, failfast, writes, reports } = made();
    await failfast("own", 60, { scope: "process" }).run(async () => 1);
    const many = failfast((n: number) => `user:${n}:${"é".repeat(20)}`, 60);
    for (let n = 0; n < 3_000; n += 1) await many(async (_: number) => 1)(n);
    await many((_: number) => Promise.reject(new Error("down")))(2_999).catch(() => 0);
    await begun(1, clock, writes);
    const [report] = await reports();
    expect(report?.total).toBe(3_000);
    expect(report?.circuits.length).toBeGreaterThan(100);
    expect(report?.circuits[0]).toMatchObject({ state: "open" });
    expect(report?.circuits.some(({ key }) => key === "own")).toBe(false);
  });

  test.each([
    ["report: false", { report: false }, ""],
    ["FAILFAST_REPORT=off", {}, "off"],
  ])("with %s reports nothing", async (_, options, variable) => {
    vi.stubEnv("FAILFAST_REPORT", variable);
    const { clock, failfast, writes } = made(options);
    await failfast("sales", 60).run(async () => 1);
    await pass(clock, 60_000);
    expect(writes.reports).toBe(0);
  });
});

import { describe, expect, test } from "vitest";
import { type Sampled, Sampler } from "./sampler.js";

/** A circuit whose calls take a given time. */
function sampled() {
  let at = 0;
  const clock = { now: () => at };
  const circuit: Sampled & { renewed: number } = {
    sampler: undefined,
    renewed: 0,
    renewAdmission: () => circuit.renewed++,
  };
  const sampler = new Sampler(clock);
  const pass = (ms: number): void => {
    at += ms;
  };
  const call = (ms = 0): void => {
    circuit.sampler?.time(circuit, () => pass(ms));
    if (circuit.sampler === undefined) pass(ms);
  };
  return { sampler, circuit, pass, call };
}

describe("a sampler", () => {
  test("counts exactly if there are few calls", () => {
    const { sampler, circuit, pass, call } = sampled();
    for (let round = 0; round < 10; round += 1) {
      sampler.arm(circuit);
      for (let calls = 0; calls < 3; calls += 1) call();
      pass(5_000);
    }
    expect(sampler.total).toBe(30);
    expect(circuit.renewed).toBe(10);
  });

  test("times 32 calls of a round, leaves the rest alone, and estimates the total", () => {
    const { sampler, circuit, pass, call } = sampled();
    for (let round = 0; round < 10; round += 1) {
      sampler.arm(circuit);
      for (let calls = 0; calls < 1_000; calls += 1) {
        pass(4);
        call(1);
      }
      expect(circuit.sampler).toBeUndefined();
    }
    sampler.arm(circuit);
    expect(sampler.total).toBeGreaterThan(9_000);
    expect(sampler.total).toBeLessThan(11_000);
  });

  test("estimates bursts within a factor, once it has seen a few", () => {
    const { sampler, circuit, pass, call } = sampled();
    for (let round = 0; round < 100; round += 1) {
      sampler.arm(circuit);
      // The next burst comes at some moment of the following second.
      pass(10 * round);
      for (let calls = 0; calls < 100; calls += 1) call();
      pass(5_000 - 10 * round);
    }
    expect(sampler.total).toBeGreaterThan(10_000 * 0.3);
    expect(sampler.total).toBeLessThan(10_000 * 30);
  });

  test("reports the median and the 99th percentile of the last calls", () => {
    const { sampler, circuit, call } = sampled();
    expect(sampler.latencyMs).toBeUndefined();
    for (let ms = 1; ms <= 200; ms += 1) {
      sampler.arm(circuit);
      call(ms);
    }
    expect(sampler.latencyMs).toEqual({ p50: 168, p99: 200 });
  });

  test("passes a call's own result and error through, sync and async", async () => {
    const { sampler, circuit } = sampled();
    const error = new Error("its own");
    const time = <T>(call: () => T): T => {
      sampler.arm(circuit);
      return sampler.time(circuit, call);
    };
    expect(time(() => 7)).toBe(7);
    expect(await time(async () => 8)).toBe(8);
    expect(() =>
      time(() => {
        throw error;
      }),
    ).toThrow(error);
    await expect(time(() => Promise.reject(error))).rejects.toBe(error);
    expect(sampler.total).toBe(4);
  });

  test("stops after 32 calls of a round, and counts those", () => {
    const { sampler, circuit, call } = sampled();
    sampler.arm(circuit);
    for (let calls = 0; calls < 31; calls += 1) call();
    expect([circuit.sampler, sampler.total]).toEqual([sampler, 31]);
    call();
    expect([circuit.sampler, sampler.total]).toEqual([undefined, 32]);
    call();
    expect(sampler.total).toBe(32);
  });

  test("estimates from the call rate of the last rounds, weighted towards the newest", () => {
    const { sampler, circuit, pass, call } = sampled();
    pass(5_000);
    const round = (ms: number, calls: number, each: number): number => {
      sampler.arm(circuit);
      for (let made = 0; made < calls; made += 1) {
        pass(each);
        call();
      }
      pass(ms - calls * each);
      const before = sampler.total;
      sampler.arm(circuit);
      return sampler.total - before;
    };
    // 32 calls in 32 ms of a round of 100 ms.
    expect(round(100, 32, 1)).toBe(100 - 32);
    expect(round(100, 10, 1)).toBe(0);
    // A round without a call does not change the estimated rate.
    expect(round(100, 0, 1)).toBe(0);
    // 32 x 0.64 + 10 x 0.8 + 32 calls in 32 x 0.64 + 100 x 0.8 + 32 ms.
    expect(round(1_000, 32, 1)).toBe(Math.round((1_000 * 60.48) / 132.48) - 32);
  });

  test("never estimates fewer calls than it has timed", () => {
    const { sampler, circuit, pass, call } = sampled();
    sampler.arm(circuit);
    for (let calls = 0; calls < 32; calls += 1) call();
    sampler.arm(circuit);
    expect(sampler.total).toBe(32);
    pass(1_000);
    call();
    sampler.arm(circuit);
    for (let calls = 0; calls < 32; calls += 1) call();
    pass(1);
    sampler.arm(circuit);
    expect(sampler.total).toBe(65);
  });

  test("times failing calls until they settle", async () => {
    const { sampler, circuit, pass } = sampled();
    sampler.arm(circuit);
    const thrown = (): never => {
      pass(3);
      throw new Error("at once");
    };
    expect(() => sampler.time(circuit, thrown)).toThrow("at once");
    expect(sampler.latencyMs).toEqual({ p50: 3, p99: 3 });
    const rejected = sampler.time(circuit, () => Promise.reject(new Error("later")));
    pass(7);
    await expect(rejected).rejects.toThrow("later");
    expect(sampler.latencyMs).toEqual({ p50: 3, p99: 7 });
    const kept = sampler.time(circuit, async () => 1);
    pass(9);
    expect(sampler.latencyMs?.p99).toBe(7);
    await kept;
    expect(sampler.latencyMs).toEqual({ p50: 7, p99: 9 });
  });
});

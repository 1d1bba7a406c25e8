import { describe, expect, test } from "vitest";
import { type Circuit, createFailfast, type FailfastOptions } from "../../src/index.js";
import { type ManualClock, manualClock } from "../../src/testing/index.js";
import { at, boom, during, ending, fleet } from "../rules/fleet.js";

const fail = (circuit: Circuit) => ending(circuit.run(() => Promise.reject(boom)));
const succeed = (circuit: Circuit) => ending(circuit.run(async () => "ok"));

/** The open times of a backend that fails, works for one call, and fails again after that time. */
async function flaps(
  circuit: Circuit,
  clock: ManualClock,
  times: number,
  closedForMs: number,
): Promise<number[]> {
  const openFor: number[] = [];
  for (let n = 0; n < times; n++) {
    await during(clock, 50, () => fail(circuit));
    openFor.push(Math.round(circuit.retryAfter));
    await clock.advance(circuit.retryAfter * 1_000 + 100);
    expect(await during(clock, 50, () => succeed(circuit))).toBe("ok");
    expect(circuit.state).toBe("closed");
    await clock.advance(closedForMs);
  }
  return openFor;
}

const alone = (options: FailfastOptions) => {
  const clock = manualClock();
  return { clock, circuit: createFailfast({ clock })("x", 10, options) };
};

describe("the back-off of a backend that comes and goes", () => {
  test("continues if the circuit closes for a moment only", async () => {
    const { clock, circuit } = alone({ backoff: { factor: 2, max: "60s" } });
    expect(await flaps(circuit, clock, 5, 100)).toEqual([10, 20, 40, 60, 60]);
  });

  test("starts again once the circuit has stayed closed as long as it was last open", async () => {
    const { clock, circuit } = alone({ backoff: { factor: 2 } });
    expect(await flaps(circuit, clock, 3, 100)).toEqual([10, 20, 40]);
    await clock.advance(39_000);
    expect(await flaps(circuit, clock, 1, 81_000)).toEqual([80]);
    expect(await flaps(circuit, clock, 2, 9_000)).toEqual([10, 20]);
  });

  test("starts again after the time in forget", async () => {
    const long = alone({ backoff: { factor: 2, forget: "5m" } });
    expect(await flaps(long.circuit, long.clock, 3, 290_000)).toEqual([10, 20, 40]);
    expect(await flaps(long.circuit, long.clock, 1, 301_000)).toEqual([80]);
    expect(await flaps(long.circuit, long.clock, 1, 0)).toEqual([10]);
    const short = alone({ backoff: { factor: 2, forget: "50ms" } });
    expect(await flaps(short.circuit, short.clock, 3, 100)).toEqual([10, 10, 10]);
  });

  test("counts failed probes and early trips alike", async () => {
    const { clock, circuit } = alone({ backoff: { factor: 2 } });
    await fail(circuit);
    await clock.advance(10_000);
    await fail(circuit);
    await clock.advance(20_000);
    await succeed(circuit);
    await clock.advance(1_000);
    await fail(circuit);
    expect(Math.round(circuit.retryAfter)).toBe(40);
  });

  test("is cleared by an operator's reset", async () => {
    const { clock, circuit } = alone({ backoff: { factor: 2 } });
    await flaps(circuit, clock, 3, 0);
    await during(clock, 50, () => circuit.reset());
    expect(await flaps(circuit, clock, 1, 0)).toEqual([10]);
  });

  test("does not exist without a factor", async () => {
    const { clock, circuit } = alone({ backoff: { jitter: 0.5 } });
    for (const seconds of await flaps(circuit, clock, 4, 0)) expect(seconds).toBeLessThanOrEqual(10);
  });

  test.each([{ scope: "process" }, { mode: "shadow" }] as const)(
    "continues in this process with %o",
    async (own) => {
      const { clock, circuit } = alone({ ...own, backoff: { factor: 2 } });
      expect(await flaps(circuit, clock, 3, 100)).toEqual([10, 20, 40]);
      await clock.advance(50_000);
      expect(await flaps(circuit, clock, 1, 0)).toEqual([10]);
    },
  );

  test("is the fleet's: any process that trips the circuit continues it, even a new one", async () => {
    const { clock, store, members, join } = await fleet(3, {
      timeout: 10,
      options: { backoff: { factor: 2 } },
    });
    const openFor: number[] = [];
    for (const n of [0, 1, 2]) {
      openFor.push(...(await flaps(at(members, n).circuit, clock, 1, 100)));
      expect(members.map(({ circuit }) => circuit.state)).toEqual(["closed", "closed", "closed"]);
    }
    const { circuit } = await join();
    openFor.push(...(await flaps(circuit, clock, 1, 100)));
    expect(openFor).toEqual([10, 20, 40, 80]);
    expect(store.record("x")).toMatchObject({ state: "closed", reopens: 4 });
    await clock.advance(90_000);
    expect(await flaps(at(members, 1).circuit, clock, 1, 0)).toEqual([10]);
  });

  test("continues while the store is down", async () => {
    const { clock, members } = await fleet(1, { timeout: 10, options: { backoff: { factor: 2 } } });
    const { circuit, link } = at(members, 0);
    expect(await flaps(circuit, clock, 1, 100)).toEqual([10]);
    link.mode = "down";
    expect(await flaps(circuit, clock, 2, 100)).toEqual([20, 40]);
    link.mode = "up";
    await clock.advance(5_000);
    expect(await flaps(circuit, clock, 1, 100)).toEqual([80]);
  });

  test("does not stop lint() from reporting a circuit that ordinary errors trip", async () => {
    const clock = manualClock();
    const failfast = createFailfast({ clock });
    const circuit = failfast("x", 1, { backoff: { factor: 2 } });
    await flaps(circuit, clock, 6, 10);
    expect(failfast.lint().map(({ finding }) => finding)).toEqual(["trips-needlessly"]);
  });
});

describe("the back-off while probes fail", () => {
  test("multiplies the open time with each failed probe in a row, up to the maximum", async () => {
    const { clock, members } = await fleet(2, {
      timeout: 10,
      options: { backoff: { factor: 2, max: "60s" } },
    });
    await during(clock, 50, at(members, 0).fail);
    const waits: number[] = [];
    for (let probe = 0; probe < 5; probe++) {
      await clock.advance(at(members, 1).circuit.retryAfter * 1_000 + 50);
      await during(clock, 10, at(members, probe % 2).fail);
      waits.push(Math.round(at(members, 0).circuit.retryAfter));
    }
    expect(waits).toEqual([20, 40, 60, 60, 60]);
    await clock.advance(60_050);
    await during(clock, 60, at(members, 0).succeed);
    // Closed for as long as it was last open.
    await clock.advance(60_000);
    await during(clock, 10, at(members, 0).fail);
    expect(Math.round(at(members, 0).circuit.retryAfter)).toBe(10);
  });

  test("has its jitter drawn once, by the writer: all processes have the same deadline, below the maximum", async () => {
    const options: FailfastOptions = { backoff: { factor: 2, max: "40s", jitter: 0.5 } };
    for (let seed = 1; seed <= 20; seed++) {
      const { clock, members } = await fleet(3, { timeout: 10, options, seed });
      await during(clock, 10_100, at(members, 0).fail);
      await during(clock, 100, at(members, 1).fail);
      const [first = 0, ...others] = members.map(({ circuit }) => circuit.retryAfter);
      for (const other of others) expect(Math.abs(other - first)).toBeLessThan(0.02);
      expect(first).toBeLessThanOrEqual(20);
      expect(first).toBeGreaterThan(9.8);
    }
  });
});

test("forget without a factor, or with an invalid time, is refused", () => {
  const failfast = createFailfast({});
  expect(() => failfast("x", 10, { backoff: { forget: "5m" } })).toThrow(/backoff.forget does nothing/);
  expect(() => failfast("x", 10, { backoff: { factor: 2, forget: 0 } })).toThrow(/backoff.forget is 0/);
  expect(() => failfast("x", 10, { backoff: { factor: 2, remember: 1 } as never })).toThrow(/forget/);
});

import { describe, expect, test } from "vitest";
import { createFailfast, type FailfastError } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { boom, ending } from "../rules/fleet.js";
import { backend, openForTen } from "./checked-backend.js";

describe("a recovery check", () => {
  test("closes the circuit without any call", async () => {
    const api = backend();
    const { clock, circuit, fail } = openForTen({ recovery: api.check });
    await fail();
    api.well = true;
    await clock.advance(9_900);
    expect([circuit.state, api.checks]).toEqual(["open", 0]);
    await clock.advance(1_100);
    expect([circuit.state, api.checks]).toEqual(["closed", 1]);
    expect(clock.pending).toBeLessThan(3);
  });

  test("spends no user's call: while the circuit is open or due, calls are rejected with a retryAfter", async () => {
    const api = backend();
    const { clock, circuit, fail, succeed } = openForTen({ recovery: api.check });
    await fail();
    clock.stall(10_001);
    expect(await succeed()).toBe("rejected");
    expect([circuit.state, circuit.retryAfter > 0]).toEqual(["half-open", true]);
    const error = await circuit.run(() => 1).catch((thrown: unknown) => thrown);
    expect((error as FailfastError).retryAfter).toBe(1);
    api.well = true;
    await clock.advance(1_100);
    expect([await succeed(), api.checks]).toEqual(["ok", 1]);
  });

  test("keeps the circuit open while it fails, with the open time and the back-off between checks", async () => {
    const api = backend();
    const { clock, circuit, fail } = openForTen({ recovery: api.check, backoff: { factor: 2, max: "40s" } });
    await fail();
    const times: number[] = [];
    for (let seconds = 0; seconds < 130; seconds++) {
      const before = api.checks;
      await clock.advance(1_000);
      if (api.checks > before) times.push(seconds);
    }
    // 10, 20, 40 and 40 s, each plus a random delay of up to a second.
    expect(times.map((time) => Math.round(time / 10) * 10)).toEqual([10, 30, 70, 110]);
    expect(circuit.state).toBe("open");
  });

  test.each([
    ["false", false],
    ["a Response that is not ok", new Response("down", { status: 503 })],
  ])("fails by %s", async (_, answer) => {
    const { clock, circuit, fail } = openForTen({ recovery: () => answer });
    await fail();
    await clock.advance(11_100);
    expect(circuit.state).toBe("open");
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a Response that is ok", new Response("up")],
    ["an object that is no Response", { ok: false }],
  ])("succeeds by %s", async (_, answer) => {
    const { clock, circuit, fail } = openForTen({ recovery: () => answer });
    await fail();
    await clock.advance(11_100);
    expect(circuit.state).toBe("closed");
  });

  test("fails if it throws synchronously", async () => {
    const { clock, circuit, fail } = openForTen({
      recovery: () => {
        throw boom;
      },
    });
    await fail();
    await clock.advance(11_100);
    expect(circuit.state).toBe("open");
  });

  test("is aborted after ten seconds if it hangs, and has failed", async () => {
    const api = backend();
    const { clock, circuit, fail } = openForTen({ recovery: api.check });
    await fail();
    api.well = "hangs";
    await clock.advance(11_000);
    expect([circuit.state, api.checks, api.signals[0]?.aborted]).toEqual(["half-open", 1, false]);
    await clock.advance(10_000);
    expect([circuit.state, api.checks, api.signals[0]?.aborted]).toEqual(["open", 1, true]);
    api.well = true;
    await clock.advance(11_100);
    expect(circuit.state).toBe("closed");
    expect(api.signals[1]?.aborted).toBe(false);
  });

  test("is aborted if it hangs even in a runtime whose timers end with the request", async () => {
    const api = backend();
    const clock = manualClock();
    const { now, wall, random, after } = clock;
    const requests = {
      now,
      wall,
      random,
      after: (ms: number, run: () => void, ofCall = false) => (ofCall ? () => undefined : after(ms, run)),
    };
    const circuit = createFailfast({ clock: requests })("x", 10, { recovery: api.check, scope: "process" });
    await ending(circuit.run(() => Promise.reject(boom)));
    api.well = "hangs";
    await clock.advance(12_000);
    expect(api.checks).toBe(1);
    api.well = true;
    await clock.advance(30_000);
    expect([circuit.state, api.checks]).toEqual(["closed", 2]);
  });

  test("gets the circuit's name, for circuits named by arguments", async () => {
    const clock = manualClock();
    const asked: string[] = [];
    const circuits = createFailfast({ clock })((host: string) => `api:${host}`, 10, {
      recovery: (_, name) => {
        asked.push(name);
      },
    });
    for (const host of ["a", "b"]) await ending(circuits.for(host).run(() => Promise.reject(boom)));
    await clock.advance(11_100);
    expect(asked.sort()).toEqual(["api:a", "api:b"]);
    expect(["a", "b"].map((host) => circuits.for(host).state)).toEqual(["closed", "closed"]);
  });

  test("has to succeed n times in a row with probes: n", async () => {
    const api = backend();
    const { clock, circuit, fail } = openForTen({ recovery: api.check, probes: 3 });
    await fail();
    api.well = true;
    await clock.advance(11_001);
    expect([circuit.state, api.checks]).toEqual(["half-open", 1]);
    await clock.advance(6_000);
    expect([circuit.state, api.checks]).toEqual(["closed", 3]);
  });

  test("that throws an ignored error has no outcome: it is repeated soon, and not in a busy loop", async () => {
    class Busy extends Error {}
    let checks = 0;
    const { clock, circuit, fail } = openForTen({
      ignore: [Busy],
      recovery: () => {
        checks++;
        throw new Busy();
      },
    });
    await fail();
    await clock.advance(21_000);
    expect(checks).toBeGreaterThan(4);
    expect(checks).toBeLessThan(13);
    expect(circuit.state).toBe("half-open");
  });

  test("is not judged by exceptions, which judge calls", async () => {
    class Listed extends Error {}
    const { clock, circuit } = openForTen({
      exceptions: [Listed],
      recovery: () => Promise.reject(new Error("refused")),
    });
    await ending(circuit.run(() => Promise.reject(new Listed())));
    await clock.advance(12_000);
    expect(circuit.state).toBe("open");
  });

  test("that meets another open circuit waits until that may be called", async () => {
    let checks = 0;
    const { clock, failfast, circuit, fail } = openForTen({
      recovery: () => {
        checks++;
        return failfast("other", 60).run(async () => undefined);
      },
    });
    await fail();
    await clock.advance(5_000);
    await ending(failfast("other", 60).run(() => Promise.reject(boom)));
    await clock.advance(20_000);
    expect(checks).toBeLessThan(4);
    await clock.advance(51_000);
    expect(circuit.state).toBe("closed");
  });

  test("may call its own circuit", async () => {
    const clock = manualClock();
    const circuit = createFailfast({ clock })("x", 10, {
      recovery: async () => {
        await clock.advance;
        await circuit.run(async () => "within");
      },
    });
    await ending(circuit.run(() => Promise.reject(boom)));
    await clock.advance(11_100);
    expect(circuit.state).toBe("closed");
  });

  test("has no outcome after a time-out that this process caused itself", async () => {
    const api = backend();
    const { clock, circuit, fail } = openForTen({ recovery: api.check });
    await fail();
    api.well = "hangs";
    await clock.advance(11_000);
    clock.stall(10_000);
    api.well = true;
    await clock.advance(3_000);
    expect([circuit.state, api.checks]).toEqual(["closed", 2]);
  });

  test.each([
    { mode: "shadow" },
    { scope: "process" },
    { quorum: 2 },
    { threshold: 2, rampUp: "5s" },
  ] as const)("works with %o", async (options) => {
    const api = backend();
    const { clock, circuit, fail } = openForTen({ ...options, recovery: api.check });
    await fail();
    await fail();
    expect(circuit.state).toBe("open");
    await clock.advance(11_100);
    expect([circuit.state, api.checks]).toEqual(["open", 1]);
    api.well = true;
    await clock.advance(11_100);
    expect([circuit.state, api.checks]).toEqual(["closed", 2]);
  });

  test("belongs to the circuit: two handles with different checks are refused, with the same they are not", () => {
    const check = () => undefined;
    const failfast = createFailfast({ clock: manualClock() });
    failfast("x", 10, { recovery: check });
    expect(() => failfast("x", 10, { recovery: check })).not.toThrow();
    const mode = process.env["NODE_ENV"];
    process.env["NODE_ENV"] = "production";
    try {
      expect(() => failfast("x", 10, { recovery: () => undefined })).toThrow(/recovery/);
    } finally {
      process.env["NODE_ENV"] = mode;
    }
  });

  test.each([["probe!"], [5], [{}]])("%o is refused", (recovery) => {
    expect(() => createFailfast({})("x", 10, { recovery: recovery as never })).toThrow(
      /recovery is .* it takes "probe", "all", or a function/,
    );
  });
});

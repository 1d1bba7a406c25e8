import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import {
  createFailfast,
  type FailfastError,
  type FailfastOptions,
  type RecoveryCheck,
} from "../../src/index.js";
import { type ManualClock, manualClock } from "../../src/testing/index.js";
import { at, boom, during, ending, fleet } from "../rules/fleet.js";

/** A check that counts its calls, and fails or succeeds as the backend does at that moment. */
function backend() {
  const its = {
    well: false as unknown,
    checks: 0,
    signals: [] as AbortSignal[],
    check: (async (signal) => {
      its.checks++;
      its.signals.push(signal as AbortSignal);
      if (its.well === "hangs") await new Promise(() => undefined);
      if (its.well === false) throw boom;
    }) as RecoveryCheck,
  };
  return its;
}

/** One circuit of one process, open for ten seconds. */
function alone(options: FailfastOptions, clock: ManualClock = manualClock()) {
  const failfast = createFailfast({ clock });
  const circuit = failfast("x", 10, options);
  const fail = () => ending(circuit.run(() => Promise.reject(boom)));
  const succeed = () => ending(circuit.run(async () => "ok"));
  return { clock, failfast, circuit, fail, succeed };
}

describe("a recovery check", () => {
  test("closes the circuit without any call", async () => {
    const api = backend();
    const { clock, circuit, fail } = alone({ recovery: api.check });
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
    const { clock, circuit, fail, succeed } = alone({ recovery: api.check });
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
    const { clock, circuit, fail } = alone({ recovery: api.check, backoff: { factor: 2, max: "40s" } });
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
    const { clock, circuit, fail } = alone({ recovery: () => answer });
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
    const { clock, circuit, fail } = alone({ recovery: () => answer });
    await fail();
    await clock.advance(11_100);
    expect(circuit.state).toBe("closed");
  });

  test("fails if it throws synchronously", async () => {
    const { clock, circuit, fail } = alone({
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
    const { clock, circuit, fail } = alone({ recovery: api.check });
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
    const { clock, circuit, fail } = alone({ recovery: api.check, probes: 3 });
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
    const { clock, circuit, fail } = alone({
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
    const { clock, circuit } = alone({
      exceptions: [Listed],
      recovery: () => Promise.reject(new Error("refused")),
    });
    await ending(circuit.run(() => Promise.reject(new Listed())));
    await clock.advance(12_000);
    expect(circuit.state).toBe("open");
  });

  test("that meets another open circuit waits until that may be called", async () => {
    let checks = 0;
    const { clock, failfast, circuit, fail } = alone({
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

  test("does not run while an operator holds the circuit", async () => {
    const api = backend();
    const { clock, circuit, fail } = alone({ recovery: api.check });
    await fail();
    await during(clock, 100, () => circuit.hold("open"));
    await clock.advance(60_000);
    expect(api.checks).toBe(0);
    api.well = true;
    await during(clock, 100, () => circuit.release());
    await clock.advance(2_100);
    expect([circuit.state, api.checks]).toEqual(["closed", 1]);
  });

  test("under way is aborted by a hold, a reset and close()", async () => {
    for (const end of ["hold", "reset", "update", "close"] as const) {
      const api = backend();
      const { clock, failfast, circuit, fail } = alone({ recovery: api.check });
      await fail();
      api.well = "hangs";
      await clock.advance(11_000);
      expect(api.checks).toBe(1);
      if (end === "hold") await during(clock, 100, () => circuit.hold("open"));
      else if (end === "reset") await during(clock, 100, () => circuit.reset());
      else if (end === "update") circuit.update({ recovery: "probe" });
      else await during(clock, 1_000, () => failfast.close());
      expect([end, api.signals[0]?.aborted]).toEqual([end, true]);
      await clock.advance(60_000);
      expect([end, api.checks]).toEqual([end, 1]);
    }
  });

  test("that was removed leaves the probe to calls again", async () => {
    for (const end of ["update", "close"] as const) {
      const api = backend();
      const { clock, failfast, circuit, fail, succeed } = alone({ recovery: api.check });
      await fail();
      if (end === "update") circuit.update({ recovery: undefined });
      else await during(clock, 1_000, () => failfast.close());
      await clock.advance(11_000);
      expect([end, await succeed(), circuit.state, api.checks]).toEqual([end, "ok", "closed", 0]);
    }
  });

  test("does not run after close(), even if it is set after it", async () => {
    const api = backend();
    const { clock, failfast, circuit, fail, succeed } = alone({});
    await fail();
    await during(clock, 1_000, () => failfast.close());
    circuit.update({ recovery: api.check });
    const later = failfast("later", 10, { recovery: api.check });
    await ending(later.run(() => Promise.reject(boom)));
    await clock.advance(30_000);
    expect([await succeed(), await ending(later.run(async () => "ok")), api.checks]).toEqual(["ok", "ok", 0]);
  });

  test("can be set by update() while the circuit is open", async () => {
    const api = backend();
    const { clock, circuit, fail } = alone({});
    await fail();
    circuit.update({ recovery: api.check });
    api.well = true;
    await clock.advance(11_100);
    expect([circuit.state, api.checks]).toEqual(["closed", 1]);
  });

  test("does not run with enabled: false, and leaves the probe to calls of other handles", async () => {
    const api = backend();
    let enabled = false;
    const { clock, failfast, fail } = alone({ recovery: api.check, enabled: () => enabled });
    const other = failfast("x", 10, { enabled: true });
    await fail();
    await ending(other.run(() => Promise.reject(boom)));
    await clock.advance(30_000);
    expect([other.state, api.checks]).toEqual(["half-open", 0]);
    enabled = true;
    api.well = true;
    await clock.advance(3_000);
    expect([other.state, api.checks]).toEqual(["closed", 1]);
  });

  test("runs outside every async context, as the calls of its probe do", async () => {
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const failfast = createFailfast({});
    const circuit = failfast("x", "20ms", {
      recovery: async () => {
        seen.push(request.getStore());
        await Promise.resolve();
        seen.push(request.getStore());
      },
    });
    await request.run("mine", () => ending(circuit.run(() => Promise.reject(boom))));
    await expect.poll(() => circuit.state, { interval: 5 }).toBe("closed");
    expect(seen).toEqual([undefined, undefined]);
    await failfast.close();
  });

  test("has no outcome after a time-out that this process caused itself", async () => {
    const api = backend();
    const { clock, circuit, fail } = alone({ recovery: api.check });
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
    const { clock, circuit, fail } = alone({ ...options, recovery: api.check });
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

  test("leaves no timer on a closed circuit", async () => {
    const api = backend();
    const plain = alone({});
    const checked = alone({ recovery: api.check });
    for (const { succeed } of [plain, checked]) await succeed();
    expect(checked.clock.pending).toBe(plain.clock.pending);
    await checked.fail();
    expect(checked.clock.pending).toBe(plain.clock.pending + 1);
    await during(checked.clock, 50, () => checked.circuit.reset());
    await checked.clock.advance(6_000);
    expect(checked.clock.pending).toBe(plain.clock.pending);
  });
});

describe("a recovery check in a fleet", () => {
  for (const without of [[], ["watch"], ["swap"], ["list", "watch"]] as const) {
    test(`runs in one process of ten (store without ${without.join(" and ") || "nothing"})`, async () => {
      const api = backend();
      const { clock, members } = await fleet(10, { timeout: 20, without, options: { recovery: api.check } });
      await during(clock, 1_500, at(members, 0).fail);
      expect(members.map(({ circuit }) => circuit.state)).toEqual(members.map(() => "open"));
      await clock.advance(22_000);
      // Without push or swap, a few processes learn too late.
      expect(api.checks).toBeLessThanOrEqual(without.length === 0 ? 1 : 4);
      expect(api.checks).toBeGreaterThan(0);
      api.well = true;
      await clock.advance(25_000);
      expect(members.map(({ circuit }) => circuit.state)).toEqual(members.map(() => "closed"));
      expect(members.map(({ calls }) => calls)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    });
  }

  test("runs in another process after the lease if the process that had it dies", async () => {
    const api = backend();
    const { clock, store, members } = await fleet(3, { timeout: 5, options: { recovery: api.check } });
    await during(clock, 100, at(members, 0).fail);
    api.well = "hangs";
    await clock.advance(6_000);
    expect([api.checks, store.record("x")?.["state"]]).toEqual([1, "half-open"]);
    const dead = store.written.at(-1)?.by;
    if (dead !== undefined) dead.mode = "hanging";
    api.well = true;
    await clock.advance(13_000);
    const living = members.filter(({ link }) => link !== dead);
    expect(living.map(({ circuit }) => circuit.state)).toEqual(["closed", "closed"]);
  });

  test.each(["fails", "succeeds"])(
    "of a process that was suspended meanwhile and %s late waits for news of the others",
    async (ends) => {
      const api = backend();
      const { clock, store, members } = await fleet(2, { timeout: 5, options: { recovery: api.check } });
      const late: (() => void)[] = [];
      let frozen = false;
      const after: ManualClock["after"] = (ms, run) =>
        clock.after(ms, () => (frozen ? late.push(run) : run()));
      const link = store.connect({});
      const checker = createFailfast({ clock: { ...clock, after }, store: link, host: "checker" });
      let end = (): void => undefined;
      const circuit = checker("x", 5, {
        recovery: () =>
          new Promise<void>((resolve, reject) => {
            end = () => (ends === "fails" ? reject(boom) : resolve());
          }),
      });
      await during(clock, 100, () => checker.ready());
      for (const { link } of members) link.mode = "down";
      await during(clock, 100, () => ending(circuit.run(() => Promise.reject(boom))));
      await clock.advance(5_600);
      expect(store.record("x")?.["state"]).toBe("half-open");
      for (const { link } of members) link.mode = "up";
      frozen = true;
      link.mode = "hanging";
      api.well = ends === "fails";
      await clock.advance(14_000);
      const [other] = members;
      expect(other?.circuit.state).toBe(ends === "fails" ? "closed" : "open");
      const told: string[] = [];
      for (const type of ["open", "close"] as const) circuit.on(type, () => void told.push(type));
      end();
      await clock.advance(0);
      expect([circuit.state, told]).toEqual(["half-open", []]);
      frozen = false;
      link.mode = "up";
      for (const run of late) run();
      await clock.advance(300);
      expect([circuit.state, told]).toEqual(ends === "fails" ? ["closed", ["close"]] : ["open", ["open"]]);
    },
  );

  test("leaves the probe to a call if each process lives for one call only", async () => {
    const api = backend();
    const { clock, members, join } = await fleet(1, { timeout: 5, options: { recovery: api.check } });
    await during(clock, 100, at(members, 0).fail);
    await during(clock, 1_000, () => at(members, 0).failfast.close());
    await clock.advance(60_000);
    const job = await join();
    expect(await during(clock, 60, job.fail)).toBe("failed");
    await during(clock, 1_000, () => job.failfast.close());
    expect(job.circuit.state).toBe("open");
    await clock.advance(60_000);
    expect(await during(clock, 60, (await join()).succeed)).toBe("ok");
    expect(api.checks).toBe(0);
  });

  test("of several leaves no gap between two runs in which a call probes", async () => {
    const api = backend();
    const options = { recovery: api.check, probes: 3 };
    const { clock, members } = await fleet(3, { timeout: 5, options });
    await during(clock, 100, at(members, 0).fail);
    api.well = true;
    for (let n = 0; n < 20 && members.some(({ circuit }) => circuit.state !== "closed"); n++) {
      for (const { circuit, succeed } of members) {
        const before = circuit.state;
        expect(await succeed()).toBe(before === "closed" ? "ok" : "rejected");
      }
      await clock.advance(500);
    }
    expect([api.checks, members.map(({ circuit }) => circuit.state)]).toEqual([
      3,
      ["closed", "closed", "closed"],
    ]);
  });

  test("runs in each process that has the circuit open if the store is down", async () => {
    const api = backend();
    const { clock, members } = await fleet(3, { timeout: 5, options: { recovery: api.check } });
    await during(clock, 100, at(members, 0).fail);
    for (const { link } of members) link.mode = "down";
    api.well = true;
    await clock.advance(10_000);
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["closed", "closed", "closed"]);
    expect(api.checks).toBe(3);
  });

  test("leaves a call to probe in a process without the check", async () => {
    const api = backend();
    const { clock, store, members } = await fleet(1, { timeout: 5, options: { recovery: api.check } });
    const plain = createFailfast({ clock, store: store.connect({}), host: "plain" });
    const circuit = plain("x", 5);
    await during(clock, 100, () => plain.ready());
    await during(clock, 100, at(members, 0).fail);
    await clock.advance(4_890);
    const call = ending(circuit.run(async () => "ok"));
    await clock.advance(20);
    await clock.advance(200);
    expect(["ok", "rejected"]).toContain(await call);
    api.well = true;
    await clock.advance(7_000);
    expect([circuit.state, at(members, 0).circuit.state]).toEqual(["closed", "closed"]);
  });
});

import { describe, expect, test } from "vitest";
import { type Circuit, createFailfast, isFailfastError } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { at, boom, during, ending, fleet, pendingCall } from "./fleet.js";

/** Longer than any lease, and short enough to be simulated in a moment. */
const RARELY_MS = 11 * 60_000;

/** The outcome of a call of a function that may be sync. */
async function outcome(call: () => unknown): Promise<string> {
  try {
    await call();
    return "ok";
  } catch (error) {
    return isFailfastError(error) ? "rejected" : "failed";
  }
}

/** Opens the circuit of the first member, and lets the open time pass. */
async function openOnce(options: Parameters<typeof fleet>[1] & { size?: number } = {}) {
  const its = await fleet(options.size ?? 1, { timeout: 5, ...options });
  await during(its.clock, 2_000, at(its.members, 0).fail);
  expect(at(its.members, 0).circuit.state).toBe("open");
  await its.clock.advance(5_100);
  return its;
}

describe("a circuit recovers however it is called", () => {
  for (const delay of [1, 80, 300, 700]) {
    const kinds: Record<string, (circuit: Circuit) => () => unknown> = {
      "a sync function": (circuit) => circuit(() => "done"),
      "a function whose kind is not known": (circuit) => circuit(() => Promise.resolve("done")),
      "an async function": (circuit) => circuit(async () => "done"),
      "a block": (circuit) => () => circuit.run(() => "done"),
    };
    for (const [kind, wrap] of Object.entries(kinds)) {
      test(`${kind} called rarely, with the store ${delay} ms away: one rejection at most`, async () => {
        const { clock, members } = await openOnce({ delay });
        const { circuit } = at(members, 0);
        const call = wrap(circuit);
        const outcomes: string[] = [];
        for (let n = 0; n < 3; n++) {
          outcomes.push(await during(clock, 1_000, () => outcome(call)));
          await clock.advance(RARELY_MS);
        }
        expect(outcomes.slice(1)).toEqual(outcomes.slice(1).map(() => "ok"));
        expect(circuit.state).toBe("closed");
      });

      test(`${kind} called in a burst, with the store ${delay} ms away: at most one call is rejected for lack of a lease`, async () => {
        const { clock, members } = await openOnce({ delay });
        const { circuit } = at(members, 0);
        const call = wrap(circuit);
        const outcomes: string[] = [];
        for (let n = 0; n < 10; n++) outcomes.push(await during(clock, 300, () => outcome(call)));
        expect(outcomes.filter((each) => each === "rejected").length).toBeLessThanOrEqual(1);
        expect(circuit.state).toBe("closed");
      });
    }

    test(`a rare job that is a new process each time recovers, with the store ${delay} ms away`, async () => {
      for (const wrap of Object.values(kinds)) {
        const { clock, store } = await openOnce({ delay });
        const outcomes: string[] = [];
        for (let run = 0; run < 4; run++) {
          const link = store.connect({ delay });
          const job = createFailfast({ clock, store: link, host: `job${run}` });
          const circuit = job("x", 5);
          await during(clock, 5_000, () => job.ready());
          outcomes.push(await during(clock, 1_000, () => outcome(wrap(circuit))));
          // The process ends at once, so its last writes may be lost.
          link.mode = "hanging";
          await clock.advance(RARELY_MS);
        }
        expect(outcomes.slice(2)).toEqual(["ok", "ok"]);
      }
    });
  }

  test("the inner call of a function that calls itself belongs to the probe", async () => {
    for (const without of [[], ["swap"]] as const) {
      const { clock, members } = await openOnce({ without });
      const { circuit } = at(members, 0);
      const countdown = circuit(async (left: number): Promise<number> => {
        await Promise.resolve();
        return left === 0 ? 0 : (await countdown(left - 1)) + 1;
      });
      await clock.advance(1_000);
      expect(await during(clock, 1_000, () => countdown(3))).toBe(3);
      expect(circuit.state).toBe("closed");
    }
  });

  test("a call within a probe belongs to it even if the lease comes while the probe runs", async () => {
    const { clock, members } = await openOnce({ delay: 300 });
    const { circuit, succeed } = at(members, 0);
    expect(await during(clock, 260, succeed)).toBe("rejected");
    const nested = circuit(async () => {
      await new Promise<void>((resolve) => clock.after(2_000, resolve));
      return await circuit.run(() => "inner");
    });
    expect(await during(clock, 3_000, () => outcome(nested))).toBe("ok");
    expect(circuit.state).toBe("closed");
  });

  test("a call within a probe is rejected by an operator's hold, and later no call passes beside the probe", async () => {
    const { clock, members } = await openOnce();
    const { circuit, succeed } = at(members, 0);
    const nested = circuit(async () => {
      await new Promise<void>((resolve) => clock.after(1_000, resolve));
      return await circuit.run(() => "inner");
    });
    const first = outcome(nested);
    await during(clock, 500, () => circuit.hold("open"));
    await clock.advance(1_000);
    expect(await first).toBe("rejected");
    await during(clock, 500, () => circuit.release());
    const probe = pendingCall(circuit);
    await clock.advance(100);
    expect(probe.made()).toBe(true);
    expect(await during(clock, 100, succeed)).toBe("rejected");
    probe.succeed();
    expect(await probe.end).toBe("ok");
  });

  test("a call from elsewhere does not belong to the probe, nor does one that outlives it", async () => {
    const { clock, members } = await openOnce();
    const { circuit, succeed } = at(members, 0);
    let later: (() => Promise<string>) | undefined;
    let end: () => void = () => undefined;
    const probe = circuit.run(async () => {
      await new Promise<void>((resolve) => (end = resolve));
      later = () => ending(Promise.resolve().then(() => circuit.run(() => "nested")));
      throw boom;
    });
    const ended = ending(probe);
    await clock.advance(50);
    expect(circuit.state).toBe("half-open");
    expect(await succeed()).toBe("rejected");
    end();
    expect(await ended).toBe("failed");
    expect(await later?.()).toBe("rejected");
  });

  test("a slow probe without a lease is followed by one with twice the time", async () => {
    for (const options of [{ scope: "process" }, { quorum: 3 }] as const) {
      const { clock, members } = await openOnce({ options });
      const { circuit } = at(members, 0);
      const slow = (): Promise<string> =>
        ending(circuit.run(() => new Promise<void>((resolve) => clock.after(15_000, resolve))));
      for (let second = 0; second < 60 && circuit.state !== "closed"; second++) {
        void slow();
        await clock.advance(1_000);
      }
      expect(circuit.state).toBe("closed");
    }
  });

  test("a slow probe closes the circuit even while the store is down", async () => {
    const { clock, members } = await openOnce();
    const { circuit, link } = at(members, 0);
    link.mode = "down";
    link.gap();
    await clock.advance(3_000);
    for (let second = 0; second < 60 && circuit.state !== "closed"; second++) {
      void ending(circuit.run(() => new Promise<void>((resolve) => clock.after(15_000, resolve))));
      await clock.advance(1_000);
    }
    expect(circuit.state).toBe("closed");
  });

  test("the first call after the open time probes locally if the store was killed while the circuit is open", async () => {
    const { clock, members } = await fleet(1, { timeout: 5 });
    const { fail, succeed, link } = at(members, 0);
    await during(clock, 5_100, fail);
    link.mode = "down";
    expect(await during(clock, 300, succeed)).toBe("ok");
  });

  test("a listener to half-open that calls the circuit does not cause a second probe", async () => {
    for (const scope of ["process", "fleet"] as const) {
      const clock = manualClock();
      const failfast = createFailfast({ clock });
      const circuit = failfast("x", 5, { scope });
      let running = 0;
      let most = 0;
      const call = (): Promise<string> =>
        ending(
          circuit.run(async () => {
            most = Math.max(most, ++running);
            await new Promise<void>((resolve) => clock.after(10, resolve));
            running--;
          }),
        );
      await ending(circuit.run(() => Promise.reject(boom)));
      await clock.advance(5_100);
      circuit.on("half-open", () => void call());
      await during(clock, 100, call);
      expect(most).toBe(1);
    }
  });

  test("a failing call in a listener to close keeps the cause of the new opening", async () => {
    const clock = manualClock();
    const circuit = createFailfast({ clock })("x", 5);
    await ending(circuit.run(() => Promise.reject(boom)));
    await clock.advance(5_100);
    const again = new Error("again");
    const listening = circuit.on("close", () => {
      listening.dispose();
      void circuit
        .run(() => {
          throw again;
        })
        .catch(() => undefined);
    });
    expect(await ending(circuit.run(() => 1))).toBe("ok");
    expect(circuit.state).toBe("open");
    await expect(circuit.run(() => 1)).rejects.toMatchObject({ cause: again });
  });

  test("a slow probe does not close a circuit that slow calls open", async () => {
    const { clock, members } = await fleet(1, { timeout: 5, options: { slowCall: "1s", minimumCalls: 3 } });
    const { circuit } = at(members, 0);
    const slow = (): Promise<string> =>
      ending(circuit.run(() => new Promise<void>((resolve) => clock.after(1_500, resolve))));
    for (let n = 0; n < 3; n++) await during(clock, 1_500, slow);
    expect(circuit.state).toBe("open");
    await clock.advance(5_000);
    expect(await during(clock, 1_600, slow)).toBe("ok");
    expect(circuit.state).toBe("open");
    await clock.advance(5_000);
    expect(await during(clock, 50, () => ending(circuit.run(() => 1)))).toBe("ok");
    expect(circuit.state).toBe("closed");
  });
});

describe("state, times, events and errors agree", () => {
  test("once the open time is over by the store's clock", async () => {
    const { clock, members } = await fleet(1, { timeout: 60 });
    const { circuit, fail, succeed, link } = at(members, 0);
    await during(clock, 50, fail);
    // The process was suspended: its monotonic clock stood still, and the store's clock went on.
    clock.jumpWall(61_000);
    link.gap();
    await clock.advance(1_000);
    expect([circuit.state, circuit.retryAfter]).toEqual(["half-open", 0]);
    expect(await during(clock, 50, succeed)).toBe("ok");
  });

  test("while a caller waits for its lease: retryAfter of the others says for how long", async () => {
    const { clock, members } = await openOnce();
    const { circuit, link, succeed } = at(members, 0);
    link.mode = "hanging";
    const waiting = succeed();
    expect(circuit.state).toBe("half-open");
    expect(circuit.retryAfter).toBeGreaterThan(0);
    expect(await succeed()).toBe("rejected");
    await clock.advance(300);
    expect(await waiting).toBe("rejected");
    expect(circuit.retryAfter).toBe(0);
    expect(await succeed()).toBe("ok");
  });

  test("after a probe that met another open circuit: retryAfter is the time until the next probe", async () => {
    const { clock, members } = await fleet(1, { timeout: 5 });
    const { circuit, failfast, fail } = at(members, 0);
    const inner = failfast("inner", 60);
    await during(clock, 50, fail);
    await during(clock, 10, () => inner.trip({ for: 60 }));
    await clock.advance(5_000);
    expect(await during(clock, 50, () => ending(circuit.run(() => inner.run(() => 1))))).toBe("rejected");
    expect(circuit.state).toBe("half-open");
    expect(circuit.retryAfter).toBeGreaterThan(4);
    const call = pendingCall(circuit);
    expect(call.made()).toBe(false);
    await clock.advance(5_000);
    expect(circuit.retryAfter).toBe(0);
  });
});

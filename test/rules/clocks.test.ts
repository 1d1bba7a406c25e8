import { describe, expect, test } from "vitest";
import { createFailfast, type Failfast, memoryStore, type Store, type StoreEntry } from "../../src/index.js";
import { type ManualClock, manualClock } from "../../src/testing/index.js";
import { at, boom, during, ending, fleet, pendingCall } from "./fleet.js";

const MINUTE = 60_000;

describe("clocks that differ", () => {
  for (const off of [MINUTE, -MINUTE]) {
    const which = off > 0 ? "ahead" : "behind";
    test(`with the store's clock, a wall clock a minute ${which} has no effect`, async () => {
      const { clock, members, join } = await fleet(3, { timeout: 30, skew: (n) => (n % 2 === 1 ? off : 0) });
      for (const place of [0, 1]) {
        await during(clock, 10_000, at(members, place).fail);
        const late = await join();
        for (const { circuit } of members) {
          expect(circuit.retryAfter).toBeGreaterThan(19);
          expect(circuit.retryAfter).toBeLessThanOrEqual(20.1);
        }
        await clock.advance(20_100);
        expect(await during(clock, 60, late.succeed)).toBe("ok");
        expect(members.map(({ circuit }) => circuit.state)).toEqual(members.map(() => "closed"));
      }
    });

    test(`without a store clock, a change seen while running gets its duration with a wall clock a minute ${which}`, async () => {
      const { clock, members } = await fleet(2, {
        timeout: 30,
        tells: false,
        skew: (n) => (n === 1 ? off : 0),
      });
      const [a, b] = [at(members, 0), at(members, 1)];
      await during(clock, 10_000, a.fail);
      expect(b.circuit.retryAfter).toBeGreaterThan(19);
      expect(b.circuit.retryAfter).toBeLessThanOrEqual(20.1);
      await clock.advance(20_100);
      expect(await during(clock, 60, b.fail)).toBe("failed");
      await clock.advance(10_000);
      expect(a.circuit.retryAfter).toBeGreaterThan(19);
      expect(a.circuit.retryAfter).toBeLessThanOrEqual(20.1);
    });

    test(`without a store clock, a wall clock a minute ${which} at start-up never makes the open time longer than its duration`, async () => {
      const { clock, members, join } = await fleet(1, {
        timeout: 30,
        tells: false,
        skew: (n) => (n === 1 ? off : 0),
      });
      await during(clock, 10_000, at(members, 0).fail);
      const late = await join();
      expect(late.circuit.retryAfter).toBeLessThanOrEqual(30);
      await clock.advance(30_100);
      expect(await during(clock, 100, late.succeed)).toBe("ok");
    });
  }

  test("without a store clock and without push, a change gets its duration from the poll", async () => {
    const { clock, members } = await fleet(2, {
      timeout: 30,
      tells: false,
      without: ["watch"],
      skew: (n) => (n === 1 ? MINUTE : 0),
    });
    await during(clock, 2_000, at(members, 0).fail);
    expect(at(members, 1).circuit.state).toBe("open");
    expect(at(members, 1).circuit.retryAfter).toBeGreaterThan(27);
  });

  test("a deadline that is seen again in polls and after gaps only moves earlier", async () => {
    for (const tells of [true, false]) {
      const { clock, members } = await fleet(2, { timeout: 60, tells });
      const b = at(members, 1);
      await during(clock, 20, at(members, 0).fail);
      let left = b.circuit.retryAfter;
      for (let n = 0; n < 20; n++) {
        b.link.gap();
        b.link.delay = (n * 37) % 200;
        await clock.advance(2_000);
        expect(b.circuit.retryAfter).toBeLessThanOrEqual(left - 2 + 1e-6);
        left = b.circuit.retryAfter;
      }
    }
  });

  test("a wall clock that is set forward or back moves no deadline later", async () => {
    for (const jump of [MINUTE, -MINUTE, 24 * 60 * MINUTE]) {
      for (const tells of [true, false]) {
        let off = 0;
        const { clock, members } = await fleet(2, { timeout: 30, tells, skew: (n) => (n === 1 ? off : 0) });
        const b = at(members, 1);
        await during(clock, 10_000, at(members, 0).fail);
        off = jump;
        expect(await during(clock, 500, b.succeed)).toBe("rejected");
        expect(b.circuit.retryAfter).toBeGreaterThan(19);
        await clock.advance(19_700);
        expect(await during(clock, 60, b.succeed)).toBe("ok");
      }
    }
  });

  test("a process that was suspended reads the store before it rejects for long", async () => {
    let off = 0;
    const { clock, members } = await fleet(2, { timeout: 60, skew: (n) => (n === 1 ? off : 0) });
    const b = at(members, 1);
    await during(clock, 50, at(members, 0).fail);
    b.link.pushes = "lost";
    await during(clock, 50, () => at(members, 0).circuit.reset());
    expect(b.circuit.state).toBe("open");
    // The monotonic clock stood still while the machine slept; the wall clock went on.
    off = 10 * MINUTE;
    await clock.advance(300);
    expect(await b.succeed()).toBe("rejected");
    await clock.advance(200);
    expect(b.circuit.state).toBe("closed");
  });

  test("ready() of a process that was suspended resolves only after another read", async () => {
    let off = 0;
    const { clock, members } = await fleet(2, { timeout: 60, skew: (n) => (n === 1 ? off : 0) });
    const b = at(members, 1);
    Object.assign(b.link, { delay: 500, pushes: "lost" });
    b.link.gap();
    await clock.advance(150);
    await during(clock, 50, at(members, 0).fail);
    // The read under way was sent before the trip.
    b.link.lie = (verb, truth) => (verb === "list" ? [] : truth);
    off = 10 * MINUTE;
    let ready = false;
    void b.failfast.ready().then(() => {
      ready = true;
    });
    await clock.advance(400);
    b.link.lie = undefined;
    expect(ready).toBe(false);
    await clock.advance(700);
    expect([ready, b.circuit.state]).toEqual([true, "open"]);
  });

  test("a lease ends at the same time for all processes, whatever their wall clocks show", async () => {
    const { clock, members } = await fleet(3, { timeout: 5, skew: (n) => (n - 1) * MINUTE });
    await during(clock, 5_100, at(members, 0).fail);
    void pendingCall(at(members, 0).circuit);
    await clock.advance(9_900);
    for (const { succeed } of members) expect(await during(clock, 20, succeed)).toBe("rejected");
    await clock.advance(100);
    expect(await during(clock, 60, at(members, 2).succeed)).toBe("ok");
  });

  test("a store's clock that is known from pushes only is used: a trip is written once", async () => {
    const clock = manualClock();
    let writes = 0;
    const memory = memoryStore({ clock: { wall: () => clock.wall() + 300_000 } });
    const store: Store = {
      get: (key) => memory.get(key),
      delete: (key) => memory.delete(key),
      set: async (key, value, ttlMs) => {
        writes++;
        await memory.set(key, value, ttlMs);
      },
      watch: async (prefix, on) => {
        const change = (entry: StoreEntry) => on.change({ ...entry, now: clock.wall() + 300_000 });
        return (await memory.watch?.(prefix, { change, gap: on.gap })) as AsyncDisposable;
      },
    };
    const failfast = createFailfast({ clock, store });
    const circuit = failfast("x", 60);
    expect(await ending(circuit.run(() => Promise.reject(boom)))).toBe("failed");
    await clock.advance(30_000);
    expect(writes).toBeLessThanOrEqual(2);
    expect(circuit.state).toBe("open");
    await during(clock, 1_000, () => failfast.settled());
    await clock.advance(60_000);
    expect(await during(clock, 1_000, () => ending(circuit.run(() => 1)))).toBe("ok");
    expect(circuit.state).toBe("closed");
  });
});

describe("the coarse clock decides rejections, and the exact clock everything else", () => {
  const lagging = (): { clock: ManualClock; failfast: Failfast } => {
    const clock = manualClock();
    let coarse = 0;
    clock.after(5, () => {
      coarse = clock.now();
    });
    return { clock, failfast: createFailfast({ clock: { ...clock, coarse: () => coarse } }) };
  };

  test("a rejection's retryAfter is never longer than the open time", async () => {
    const { clock, failfast } = lagging();
    const circuit = failfast("x", 60);
    await clock.advance(40);
    await circuit.trip();
    const error = await circuit.run(() => 1).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ retryAfter: 60, retryAfterMs: 60_000 });
  });

  test("a stopped coarse clock rejects at most a hundred calls too many", async () => {
    const { clock, failfast } = lagging();
    const circuit = failfast("x", 60);
    await circuit.trip();
    const call = circuit(() => 1);
    expect(() => call()).toThrow("open");
    await clock.advance(60_000);
    let late = 0;
    for (; circuit.state !== "closed" && late < 1_000; late++) {
      try {
        call();
      } catch {
        // Rejected.
      }
    }
    expect(late).toBeLessThanOrEqual(100);
  });
});

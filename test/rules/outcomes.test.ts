import { describe, expect, test } from "vitest";
import { isFailfastError } from "../../src/index.js";
import { at, boom, during, fleet, pendingCall } from "./fleet.js";

describe("a call's own outcome", () => {
  const things: unknown[] = [boom, undefined, null, "text", 0, Symbol("s"), Object.freeze({ frozen: true })];
  for (const thing of things) {
    test(`reaches the caller as it is: ${String(thing)} thrown`, async () => {
      const { members } = await fleet(1);
      const { failfast } = at(members, 0);
      const caught: unknown[] = [];
      const note = (error: unknown): void => void caught.push(error);
      const thrower = (): never => {
        throw thing;
      };
      await failfast("async", 60)(async () => thrower())().catch(note);
      await failfast("run", 60).run(thrower).catch(note);
      await failfast("thenable", 60)(() => Promise.reject(thing))().catch(note);
      try {
        failfast("sync", 60)(thrower)();
      } catch (error) {
        note(error);
      }
      expect(caught).toHaveLength(4);
      for (const error of caught) expect(error).toBe(thing);
      for (const name of ["async", "run", "thenable", "sync"]) expect(failfast(name).state).toBe("open");
    });
  }

  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const unreadable: Readonly<Record<string, unknown>> = {
    "a revoked proxy": revoked.proxy,
    "an error whose name throws": Object.defineProperty(new Error("x"), "name", {
      get() {
        throw new Error("of the getter");
      },
    }),
    "an error whose code throws": Object.defineProperty(new Error("x"), "code", {
      get() {
        throw new Error("of the getter");
      },
    }),
    "an error whose message is no text": { message: { toString: null } },
  };
  for (const [what, thing] of Object.entries(unreadable)) {
    for (const shareReason of [false, true]) {
      test(`reaches the caller as it is, and trips: ${what} (shareReason: ${shareReason})`, async () => {
        const { members } = await fleet(1, { options: { shareReason } });
        const { circuit } = at(members, 0);
        const caught = await circuit
          .run(() => {
            throw thing;
          })
          .catch((error: unknown) => ({ error }));
        expect(Object.is((caught as { error: unknown }).error, thing)).toBe(true);
        expect(circuit.state).toBe("open");
      });
    }
  }

  test("is the same value that the function returned, also from a probe", async () => {
    const { clock, members } = await fleet(1, { timeout: 5 });
    const { circuit, fail } = at(members, 0);
    const value = Object.freeze({ rows: [] });
    const guarded = circuit(async () => value);
    expect(await guarded()).toBe(value);
    expect(circuit(() => value)()).toBe(value);
    expect(await circuit.run(() => value)).toBe(value);
    await during(clock, 5_100, fail);
    expect(await during(clock, 60, guarded)).toBe(value);
    expect(circuit.state).toBe("closed");
  });

  /**
   * The unhandled rejections of the process during a function; the test runner's own listeners are removed meanwhile.
   */
  async function unhandled(run: () => Promise<unknown>): Promise<unknown[]> {
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    const seen: unknown[] = [];
    process.on("unhandledRejection", (reason) => seen.push(reason));
    try {
      await run();
      for (let turn = 0; turn < 5; turn++) await new Promise((done) => setImmediate(done));
    } finally {
      process.removeAllListeners("unhandledRejection");
      for (const listener of others) process.on("unhandledRejection", listener);
    }
    return seen;
  }

  test("causes no additional unhandled rejection, whatever the store does", async () => {
    for (const mode of ["up", "down", "hanging", "read-only"] as const) {
      const seen = await unhandled(async () => {
        const { clock, members } = await fleet(2, { timeout: 5 });
        for (const { link } of members) link.mode = mode;
        for (let n = 0; n < 4; n++) {
          for (const { fail } of members) await during(clock, 60, fail);
          await clock.advance(5_500);
        }
        for (const { succeed } of members) await during(clock, 60, succeed);
        for (const { circuit } of members) await during(clock, 6_000, () => circuit.hold("open"));
        for (const { failfast } of members) await during(clock, 6_000, () => failfast.close());
      });
      expect(seen).toEqual([]);
    }
  });

  test("is reported as an unhandled rejection exactly once", async () => {
    const failures = await unhandled(async () => {
      const { members } = await fleet(1);
      void at(members, 0).circuit(async () => {
        throw boom;
      })();
    });
    expect(failures).toEqual([boom]);
    const blocks = await unhandled(async () => {
      const { members } = await fleet(1);
      void at(members, 0).circuit.run(() => {
        throw boom;
      });
    });
    expect(blocks).toEqual([boom]);
    const rejections = await unhandled(async () => {
      const { members } = await fleet(1);
      const { circuit, fail } = at(members, 0);
      await fail();
      void circuit(async () => 1)();
    });
    expect(rejections.map(isFailfastError)).toEqual([true]);
  });

  test("is reported as an unhandled rejection for a probe and for calls that outlive the epoch too", async () => {
    const seen = await unhandled(async () => {
      const { clock, members } = await fleet(1, { timeout: 5 });
      const { circuit, fail } = at(members, 0);
      const late = pendingCall(circuit);
      await during(clock, 5_100, fail);
      void circuit(async () => {
        throw boom;
      })();
      await clock.advance(60);
      late.fail();
      expect(await late.end).toBe("failed");
    });
    expect(seen).toEqual([boom]);
  });
});

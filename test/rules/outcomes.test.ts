import { describe, expect, test } from "vitest";
import { isFailfastError } from "../../src/index.js";
import { at, boom, during, ending, fleet, pendingCall } from "./fleet.js";

describe("neither success nor failure", () => {
  test("is a call that its caller aborted, whatever it throws", async () => {
    const { members, store, clock } = await fleet(1);
    const { circuit } = at(members, 0);
    const caller = new AbortController();
    const signal = caller.signal as never;
    const call = ending(
      circuit.run(
        async () => {
          await undefined;
          throw boom;
        },
        { signal },
      ),
    );
    caller.abort();
    expect(await call).toBe("failed");
    await clock.advance(50);
    expect(circuit.state).toBe("closed");
    expect(store.written).toHaveLength(0);
  });

  test("is not an abort because of a time-out: that is a failure", async () => {
    const { members } = await fleet(1);
    const { circuit } = at(members, 0);
    const caller = new AbortController();
    const call = circuit.run(
      async () => {
        caller.abort(new DOMException("too slow", "TimeoutError"));
        throw caller.signal.reason;
      },
      { signal: caller.signal as never },
    );
    await expect(call).rejects.toBe(caller.signal.reason);
    expect(circuit.state).toBe("open");
  });

  for (const name of ["AbortError", "CanceledError", "APIUserAbortError"]) {
    test(`is not an ${name} without a visible aborted signal: that is a failure`, async () => {
      const { members } = await fleet(1);
      const { failfast } = at(members, 0);
      const thrown = Object.assign(new Error("gone"), { name, code: "ERR_CANCELED" });
      const { signal } = new AbortController();
      const end = async (): Promise<never> => {
        throw thrown;
      };
      await expect(failfast("wrapped", 60)(end)()).rejects.toBe(thrown);
      await expect(failfast("argument", 60)(async (_: AbortSignal) => end())(signal)).rejects.toBe(thrown);
      await expect(failfast("block", 60).run(end)).rejects.toBe(thrown);
      await expect(failfast("signal", 60).run(end, { signal: signal as never })).rejects.toBe(thrown);
      await expect(failfast("stream", 60).stream(end).next()).rejects.toBe(thrown);
      expect(() =>
        failfast(
          "sync",
          60,
        )(() => {
          throw thrown;
        })(),
      ).toThrow(thrown);
      for (const each of ["wrapped", "argument", "block", "signal", "stream", "sync"])
        expect([each, failfast(each).state]).toEqual([each, "open"]);
    });
  }

  const carriers: Readonly<Record<string, (signal: AbortSignal) => unknown[]>> = {
    "a signal": (signal) => [signal],
    "the last of many arguments": (signal) => ["a", 1, null, undefined, { id: 7 }, { signal }],
    "what fetch takes": (signal) => ["http://a.test", { method: "POST", signal }],
    "a Request": (signal) => [new Request("http://a.test", { signal })],
    "what the AWS and AI SDKs take": (signal) => [{ prompt: "hi", abortSignal: signal }],
    "one that inherits its signal": (signal) => [Object.create({ signal })],
    "one of two signals": (signal) => [{ signal: new AbortController().signal }, { signal }],
    "both a time that was up and a caller": (signal) => [
      { signal: AbortSignal.abort(new DOMException("late", "TimeoutError")) },
      { signal },
    ],
  };
  for (const [what, argumentsWith] of Object.entries(carriers)) {
    test(`is a call whose caller's aborted signal is among its arguments: ${what}`, async () => {
      const { members } = await fleet(1);
      const { failfast } = at(members, 0);
      const kinds = [{}, { callTimeout: "5s" }, { slowCall: "5s" }, { fallback: () => 1 }] as const;
      for (const [n, options] of kinds.entries()) {
        const circuit = failfast(`x${n}`, 60, options);
        const guarded = circuit(async (..._: unknown[]) => {
          await undefined;
          throw boom;
        });
        // An earlier call passes on the fast path, and creates the handlers.
        for (let n = 0; n < 3; n++) {
          const caller = new AbortController();
          const call = guarded(...argumentsWith(caller.signal));
          caller.abort();
          await expect(call).rejects.toBe(boom);
        }
        expect(circuit.state).toBe("closed");
        await expect(guarded(...argumentsWith(new AbortController().signal))).rejects.toBe(boom);
        expect(circuit.state).toBe("open");
      }
    });
  }

  test("is a call of a method or sync function whose caller's aborted signal is among its arguments", async () => {
    const { members } = await fleet(1);
    const { failfast } = at(members, 0);
    const circuit = failfast("sync", 60);
    const sync = circuit((_: { signal: AbortSignal }): never => {
      throw boom;
    });
    expect(() => sync({ signal: AbortSignal.abort() })).toThrow(boom);
    expect(circuit.state).toBe("closed");
    expect(() => sync({ signal: new AbortController().signal })).toThrow(boom);
    expect(circuit.state).toBe("open");
  });

  test("is not a call whose time was up: that is a failure, whoever set the time and wherever its signal is", async () => {
    const { members } = await fleet(1);
    const { failfast } = at(members, 0);
    const late = new DOMException("too slow", "TimeoutError");
    const signals = {
      timeout: AbortSignal.abort(late),
      any: AbortSignal.any([new AbortController().signal, AbortSignal.abort(late)]),
    };
    for (const [name, signal] of Object.entries(signals)) {
      const guarded = failfast(
        name,
        60,
      )(async (_: { signal: AbortSignal }) => {
        throw new DOMException("gone", "AbortError");
      });
      await expect(guarded({ signal })).rejects.toThrow("gone");
      expect(failfast(name).state).toBe("open");
    }
    const user = AbortSignal.any([AbortSignal.abort(), AbortSignal.abort(late)]);
    const guarded = failfast(
      "user",
      60,
    )(async (_: AbortSignal) => {
      throw late;
    });
    await expect(guarded(user)).rejects.toBe(late);
    expect(failfast("user").state).toBe("closed");
  });

  test("does not depend on arguments that can't be read, or that are no signal", async () => {
    const { members } = await fleet(1);
    const { failfast } = at(members, 0);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const throwing = {
      get signal() {
        throw new Error("of the getter");
      },
    };
    const things: unknown[] = [
      proxy,
      throwing,
      { signal: null },
      { signal: { aborted: true } },
      { aborted: true },
    ];
    for (const [n, thing] of things.entries()) {
      const circuit = failfast(`x${n}`, 60);
      const guarded = circuit(async (given: unknown, fails: boolean) => {
        if (fails) throw boom;
        return [given];
      });
      const [returned] = await guarded(thing, false);
      expect(Object.is(returned, thing)).toBe(true);
      await expect(guarded(thing, true)).rejects.toBe(boom);
      expect(circuit.state).toBe("open");
    }
  });

  test("is a rejection by another circuit, wrapped or not", async () => {
    const { members } = await fleet(1);
    const { circuit, failfast } = at(members, 0);
    const inner = failfast("inner", 60);
    void inner.trip();
    const guarded = circuit(async () => inner.run(() => 1));
    await expect(guarded()).rejects.toSatisfy(isFailfastError);
    const wrapping = circuit(async () => {
      try {
        return await inner.run(() => 1);
      } catch (cause) {
        throw new Error("the client failed", { cause });
      }
    });
    await expect(wrapping()).rejects.toThrow("the client failed");
    expect(circuit.state).toBe("closed");
  });

  test("is a circuit's own rejection, which does not extend the open time", async () => {
    const { clock, members } = await fleet(1, { timeout: 5 });
    const { fail, succeed } = at(members, 0);
    await fail();
    for (let n = 0; n < 50; n++) {
      expect(await succeed()).toBe("rejected");
      await clock.advance(100);
    }
    await clock.advance(100);
    expect(await during(clock, 60, succeed)).toBe("ok");
  });
});

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

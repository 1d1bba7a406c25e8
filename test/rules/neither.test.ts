import { describe, expect, test } from "vitest";
import { isFailfastError } from "../../src/index.js";
import { at, boom, during, ending, fleet } from "./fleet.js";

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

  test("is not a time-out: a time-out is a failure, whoever set it and wherever its signal is", async () => {
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

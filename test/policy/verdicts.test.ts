import { describe, expect, test } from "vitest";
import { createFailfast, isFailfastError } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { at, ending, fleet } from "../rules/fleet.js";

class Refused extends Error {}
const down = (): never => {
  throw new Error("the backend is down");
};
const refused = (): never => {
  throw new Refused("the caller's own input");
};
const quietly = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

describe("an ignored error", () => {
  test("is neither a failure nor a success that resets a count", async () => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60, { ignore: [Refused], consecutive: 3 });
    for (let n = 0; n < 10; n++) expect(await quietly(circuit.run(refused))).toBeInstanceOf(Refused);
    expect(circuit.state).toBe("closed");
    for (let n = 0; n < 3; n++) {
      await quietly(circuit.run(down));
      await quietly(circuit.run(refused));
    }
    expect(circuit.state).toBe("open");
  });

  test("does not count towards a rate", async () => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60, {
      ignore: [Refused],
      failureRate: 0.5,
      minimumCalls: 4,
    });
    for (let n = 0; n < 90; n++) await quietly(circuit.run(refused));
    for (let n = 0; n < 4; n++) await quietly(circuit.run(down));
    expect(circuit.state).toBe("open");
  });

  test("releases a probe's lease: the next call probes, and decides", async () => {
    const { clock, members } = await fleet(2, { timeout: 5, options: { ignore: [Refused] } });
    const { circuit, fail } = at(members, 0);
    await Promise.all([fail(), clock.advance(50)]);
    await clock.advance(5_100);
    const probe = quietly(circuit.run(refused));
    await clock.advance(50);
    expect(await probe).toBeInstanceOf(Refused);
    expect(circuit.state).toBe("half-open");
    const other = at(members, 1).succeed();
    await clock.advance(50);
    expect(await other).toBe("ok");
    expect(members.map((member) => member.circuit.state)).toEqual(["closed", "closed"]);
  });
});

describe('fallbackOn: "failure"', () => {
  test("answers a failed call, and a rejected one", async () => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60, {
      fallback: () => "an older one",
      fallbackOn: "failure",
    });
    expect([await circuit.run(down), circuit.state, await circuit.run(down)]).toEqual([
      "an older one",
      "open",
      "an older one",
    ]);
  });

  test("leaves the caller's own errors and ignored errors to the caller", async () => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60, {
      ignore: [Refused],
      fallback: () => "an older one",
      fallbackOn: "failure",
    });
    expect(await quietly(circuit.run(refused))).toBeInstanceOf(Refused);
    const caller = new AbortController();
    const given = new Error("given up");
    const call = circuit.run(
      () => {
        caller.abort();
        throw given;
      },
      { signal: caller.signal as never },
    );
    expect(await quietly(call)).toBe(given);
  });
});

describe("a longer Retry-After of a call that was under way when the circuit opened", () => {
  test("extends the open time for the whole fleet", async () => {
    const { clock, members } = await fleet(2, { timeout: 5, options: { retryAfter: true } });
    const { circuit } = at(members, 0);
    const asking = (seconds: number): Error => Object.assign(new Error("busy"), { retryAfter: seconds });
    let fail = (_: Error): void => undefined;
    const underWay = ending(circuit.run(() => new Promise((_, reject) => (fail = reject))));
    await quietly(circuit.run(() => Promise.reject(asking(1))));
    await clock.advance(50);
    expect(Math.round(circuit.retryAfter)).toBe(1);
    fail(asking(30));
    await underWay;
    await clock.advance(50);
    for (const member of members) expect(Math.round(member.circuit.retryAfter)).toBe(30);
    await clock.advance(28_000);
    expect(members.map((member) => member.circuit.state)).toEqual(["open", "open"]);
  });
});

describe("a sync function", () => {
  test("that takes long is slow", () => {
    const clock = manualClock();
    let now = 0;
    const failfast = createFailfast({ clock: { ...clock, now: () => clock.now() + now } });
    const circuit = failfast("x", 60, { slowCall: "1s", minimumCalls: 2 });
    const blocking = circuit(() => {
      now += 2_000;
      return "slowly";
    });
    expect([blocking(), blocking()]).toEqual(["slowly", "slowly"]);
    expect(circuit.state).toBe("open");
  });

  test("may return a thenable that throws when it is read later", () => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60);
    // biome-ignore lint/suspicious/noThenProperty: it is what this is about
    const odd = Object.defineProperty({}, "then", {
      get(): never {
        throw new Error("no such field");
      },
    });
    expect(circuit(() => odd)()).toBe(odd);
    expect(circuit.state).toBe("closed");
  });
});

describe("a circuit that is not enabled", () => {
  test("passes the caller's own signal to the block, with or without callTimeout", async () => {
    const caller = new AbortController();
    for (const options of [{ enabled: false }, { enabled: false, callTimeout: "1s" }] as const) {
      const circuit = createFailfast({ clock: manualClock() })("x", 60, options);
      const given = await circuit.run((signal) => signal, { signal: caller.signal as never });
      expect(given).toBe(caller.signal);
    }
  });
});

test('mode: "throttle" holds nothing back if four of five callers abort and nothing fails', async () => {
  const clock = manualClock();
  const circuit = createFailfast({ clock })("x", 60, { mode: "throttle" });
  let heldBack = 0;
  for (let n = 0; n < 500; n++) {
    const caller = new AbortController();
    const call = circuit.run(
      async () => {
        if (n % 5 === 0) return;
        caller.abort();
        throw caller.signal.reason;
      },
      { signal: caller.signal as never },
    );
    if (isFailfastError(await quietly(call))) heldBack++;
    await clock.advance(20);
  }
  expect(heldBack).toBe(0);
});

describe("what a framework throws to leave a function", () => {
  const digest = (text: string): Error => Object.assign(new Error(text), { digest: text });
  const thrown: readonly (readonly [string, unknown])[] = [
    ["redirect() of Next.js", digest("NEXT_REDIRECT;replace;/login;307;")],
    ["notFound() of Next.js", digest("NEXT_HTTP_ERROR_FALLBACK;404")],
    ["a dynamic rendering of Next.js", digest("DYNAMIC_SERVER_USAGE")],
    ["a redirect of React Router", new Response(null, { status: 302, headers: { Location: "/login" } })],
    ["a redirect of SvelteKit", { status: 303, location: "/login" }],
    ["notFound() of TanStack Router", { isNotFound: true }],
    ["a promise, for React's Suspense", Promise.resolve()],
  ];
  for (const [what, value] of thrown)
    test(`${what} is neither a failure nor a success`, async () => {
      const leave = (): never => {
        throw value;
      };
      const clock = manualClock();
      for (const options of [
        {},
        { exceptions: [Error] },
        { fallback: () => "x", fallbackOn: "failure" },
      ] as const) {
        const circuit = createFailfast({ clock })("x", 5, options);
        // In an array, since an await would wait for a thrown promise.
        const left = [() => circuit.run(leave), circuit(async () => leave()), () => circuit(leave)()];
        const caught = async (call: () => unknown): Promise<unknown[]> => {
          try {
            return [await call(), "not thrown"];
          } catch (error) {
            return [error];
          }
        };
        for (const call of left) expect((await caught(call))[0] === value).toBe(true);
        expect(circuit.state).toBe("closed");
        await circuit.trip();
        await clock.advance(5_000);
        for (const call of left) expect((await caught(call))[0] === value).toBe(true);
        expect(circuit.state).toBe("half-open");
      }
    });

  test("a failure in Next.js has a digest, too, and is a failure", async () => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60);
    await quietly(circuit.run(() => Promise.reject(digest("2338349328"))));
    expect(circuit.state).toBe("open");
  });

  test("a failed request of jQuery, which is a promise with the status of its answer, is a failure", async () => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60);
    const request = Object.assign(Promise.resolve(), { status: 503, statusText: "Service Unavailable" });
    await circuit.run(() => Promise.reject(request)).catch(() => undefined);
    expect(circuit.state).toBe("open");
  });

  test("an answer of 304, 404 or 503 that the code throws is a failure", async () => {
    for (const status of [304, 404, 503]) {
      const circuit = createFailfast({ clock: manualClock() })("x", 60);
      await quietly(circuit.run(() => Promise.reject(new Response(null, { status }))));
      expect(circuit.state).toBe("open");
    }
  });
});

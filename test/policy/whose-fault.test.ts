import { describe, expect, test } from "vitest";
import { at, during, ending, fleet } from "../rules/fleet.js";

const coded = (code: string): Error => Object.assign(new Error(code), { code });
const throwing = (error: unknown) => (): never => {
  throw error;
};

describe("an error that stands for several addresses", () => {
  const happyEyeballs = (...codes: string[]): Error =>
    new TypeError("fetch failed", {
      cause: Object.assign(new AggregateError(codes.map(coded)), { code: codes[0] }),
    });

  test("opens the fleet's circuit if one of them refused", async () => {
    const { clock, members } = await fleet(2);
    await during(clock, 50, () =>
      ending(at(members, 0).circuit.run(throwing(happyEyeballs("ENETUNREACH", "ECONNREFUSED")))),
    );
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["open", "open"]);
  });

  test("opens only this host's circuit if it could reach none of them", async () => {
    const { clock, members, store } = await fleet(2);
    await during(clock, 50, () =>
      ending(at(members, 0).circuit.run(throwing(happyEyeballs("ENETUNREACH", "EHOSTUNREACH")))),
    );
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["open", "closed"]);
    expect(store.written).toHaveLength(0);
  });
});

test("a call on a client that this process has closed, at its end, is not told to the fleet", async () => {
  for (const error of [
    new Error("Cannot use a pool after calling end on the pool"),
    new TypeError("fetch failed", {
      cause: Object.assign(new Error("destroyed"), { code: "UND_ERR_DESTROYED" }),
    }),
  ]) {
    const { clock, members, store } = await fleet(2);
    await during(clock, 50, () => ending(at(members, 0).circuit.run(throwing(error))));
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["open", "closed"]);
    expect(store.written).toHaveLength(0);
  }
});

describe("a probe that meets another open circuit", () => {
  const wrapped: Readonly<Record<string, (rejection: unknown) => unknown>> = {
    "as it is": (rejection) => rejection,
    "behind a TypeError of fetch": (rejection) => new TypeError("fetch failed", { cause: rejection }),
    "in an AggregateError": (rejection) => new AggregateError([new Error("first"), rejection]),
  };
  for (const [how, wrap] of Object.entries(wrapped)) {
    test(`waits until that one may be called: ${how}`, async () => {
      const { clock, members, store } = await fleet(1, { timeout: 5 });
      const { circuit, failfast, fail } = at(members, 0);
      const inner = failfast("inner", 60, { scope: "process" });
      await ending(inner.run(throwing(new Error("down"))));
      await during(clock, 5_100, fail);
      let probes = 0;
      const before = store.written.length;
      for (let n = 0; n < 20; n++) {
        await during(clock, 50, () =>
          ending(
            circuit.run(async () => {
              probes++;
              try {
                await inner.run(() => 1);
              } catch (rejection) {
                throw wrap(rejection);
              }
            }),
          ),
        );
      }
      expect(probes).toBe(1);
      expect(store.written.length - before).toBeLessThan(4);
    });
  }
});

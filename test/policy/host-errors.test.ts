import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { at, during, fleet, type Member } from "../rules/fleet.js";

const states = (members: readonly Member[]): string[] => members.map(({ circuit }) => circuit.state);
const noRoute = Object.assign(new Error("no name service"), { code: "EAI_AGAIN" });

describe("errors of this host", () => {
  test("open the circuit here, and never for the fleet, with any quorum", async () => {
    const { clock, store, members } = await fleet(3);
    await expect(at(members, 0).circuit.run(() => Promise.reject(noRoute))).rejects.toBe(noRoute);
    await clock.advance(1_000);
    expect(states(members)).toEqual(["open", "closed", "closed"]);
    expect(store.record("x")).toBeUndefined();
  });

  test("are recognised behind a fetch error by its cause", async () => {
    const { clock, members } = await fleet(2);
    const wrapped = new TypeError("fetch failed", {
      cause: Object.assign(new Error(), { code: "ENOTFOUND" }),
    });
    await expect(at(members, 0).circuit.run(() => Promise.reject(wrapped))).rejects.toBe(wrapped);
    await clock.advance(1_000);
    expect(states(members)).toEqual(["open", "closed"]);
  });

  test("make all counted failures in the window suspect", async () => {
    const { clock, members } = await fleet(2, { options: { threshold: 3 } });
    const { circuit, fail } = at(members, 0);
    await fail();
    await expect(circuit.run(() => Promise.reject(noRoute))).rejects.toBe(noRoute);
    await fail();
    await clock.advance(1_000);
    expect(states(members)).toEqual(["open", "closed"]);
  });

  test("in a probe release the lease, and another process probes", async () => {
    const { clock, members } = await fleet(2, { timeout: 5 });
    await during(clock, 5_100, at(members, 0).fail);
    const probe = at(members, 1)
      .circuit.run(() => Promise.reject(noRoute))
      .catch((error: unknown) => error);
    await clock.advance(200);
    expect(await probe).toBe(noRoute);
    expect(at(members, 1).circuit.state).toBe("open");
    expect(await during(clock, 200, at(members, 0).succeed)).toBe("ok");
    expect(at(members, 0).circuit.state).toBe("closed");
  });
});

test("errors of this host never reach the fleet, mixed with others in any order", () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom("EAI_AGAIN", "ENOTFOUND", "ENETUNREACH", "EHOSTUNREACH", "EMFILE", "ENOBUFS"),
      fc.integer({ min: 2, max: 5 }),
      fc.nat({ max: 4 }),
      async (code, threshold, place) => {
        const { clock, store, members } = await fleet(2, { options: { threshold } });
        const { circuit, fail } = at(members, 0);
        const local = new TypeError("fetch failed", { cause: Object.assign(new Error(), { code }) });
        for (let n = 0; n < threshold; n++)
          await (n === place % threshold
            ? circuit.run(() => Promise.reject(local)).catch(() => undefined)
            : fail());
        await clock.advance(1_000);
        expect(members.map(({ circuit: { state } }) => state)).toEqual(["open", "closed"]);
        expect(store.record("x")).toBeUndefined();
      },
    ),
    { numRuns: 60 },
  ));

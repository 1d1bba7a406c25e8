import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { at, during, fleet, type Member } from "../rules/fleet.js";

const states = (members: readonly Member[]): string[] => members.map(({ circuit }) => circuit.state);

describe("probes: n", () => {
  test("needs n successes in a row, and one failure starts the count again", async () => {
    const { clock, members } = await fleet(2, { timeout: 5, options: { probes: 3 } });
    await during(clock, 5_100, at(members, 0).fail);
    await during(clock, 60, at(members, 0).succeed);
    await during(clock, 60, at(members, 1).succeed);
    expect(states(members)).toEqual(["half-open", "half-open"]);
    await during(clock, 5_100, at(members, 1).fail);
    for (let n = 0; n < 2; n++) await during(clock, 60, at(members, 1).succeed);
    expect(states(members)).toEqual(["half-open", "half-open"]);
    await during(clock, 60, at(members, 0).succeed);
    expect(states(members)).toEqual(["closed", "closed"]);
  });

  test("works in a process on its own too", async () => {
    const { clock, members } = await fleet(1, { timeout: 5, options: { probes: 2, scope: "process" } });
    await during(clock, 5_100, at(members, 0).fail);
    await at(members, 0).succeed();
    expect(at(members, 0).circuit.state).toBe("half-open");
    await at(members, 0).succeed();
    expect(at(members, 0).circuit.state).toBe("closed");
  });
});

test("backoff and probes: a number of successful probes in a row closes the circuit, each failed one lengthens the open time", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 2 })), { minLength: 1, maxLength: 12 }),
      async (probes, factor, steps) => {
        const backoff = factor === 1 ? { factor } : { factor, max: "200s" as const };
        const { clock, members } = await fleet(3, { timeout: 10, options: { probes, backoff } });
        await during(clock, 50, at(members, 0).fail);
        let reopens = 0;
        let passed = 0;
        for (const [succeeds, who] of steps) {
          const wait = Math.max(...members.map(({ circuit }) => circuit.retryAfter));
          const broke = passed > 0 ? 0 : factor === 1 ? 10 : Math.min(10 * factor ** reopens, 200);
          expect(Math.abs(wait - broke)).toBeLessThan(0.2);
          await clock.advance(wait * 1_000 + 20);
          const member = at(members, who);
          expect(await during(clock, 60, succeeds ? member.succeed : member.fail)).toBe(
            succeeds ? "ok" : "failed",
          );
          passed = succeeds ? passed + 1 : 0;
          if (!succeeds) reopens++;
          const state = !succeeds ? "open" : passed === probes ? "closed" : "half-open";
          expect(members.map(({ circuit }) => circuit.state)).toEqual([state, state, state]);
          if (state === "closed") return;
        }
      },
    ),
    { numRuns: 60 },
  ));

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FailfastOptions } from "../../src/index.js";
import { at, during, fleet, type Member } from "../rules/fleet.js";

const states = (members: readonly Member[]): string[] => members.map(({ circuit }) => circuit.state);

describe("scope: process", () => {
  const options: FailfastOptions = { scope: "process" };

  test("stays local: nothing is written or published, and the process probes by itself", async () => {
    const { clock, store, members } = await fleet(2, { options, timeout: 5 });
    const before = store.written.length;
    await during(clock, 5_100, at(members, 0).fail);
    expect(await at(members, 0).succeed()).toBe("ok");
    expect(states(members)).toEqual(["closed", "closed"]);
    expect(store.written.length).toBe(before);
  });

  test("still obeys operators, in both directions", async () => {
    const { clock, members } = await fleet(2, { options });
    void at(members, 0).circuit.trip();
    await clock.advance(50);
    expect(states(members)).toEqual(["open", "open"]);
    void at(members, 1).circuit.reset();
    await clock.advance(50);
    expect(states(members)).toEqual(["closed", "closed"]);
    void at(members, 0).circuit.hold("open");
    await clock.advance(50);
    expect(states(members)).toEqual(["open", "open"]);
  });
});

describe("scope: confirm", () => {
  const options: FailfastOptions = { scope: "confirm", threshold: 3 };

  const tripped = async () => {
    const its = await fleet(3, { options, timeout: 30 });
    for (let n = 0; n < 3; n++) await at(its.members, 0).fail();
    await its.clock.advance(500);
    return its;
  };

  test("admits calls after a remote trip, and then one failure here is enough", async () => {
    const { clock, members } = await tripped();
    expect(states(members)).toEqual(["open", "closed", "closed"]);
    expect(await at(members, 1).succeed()).toBe("ok");
    expect(await at(members, 1).fail()).toBe("failed");
    expect(states(members)).toEqual(["open", "open", "closed"]);
    expect(at(members, 1).circuit.retryAfter).toBeCloseTo(29.5, 0);
    await clock.advance(100);
    expect(states(members)).toEqual(["open", "open", "closed"]);
  });

  test("needs as many failures as usual without a remote trip", async () => {
    const { members } = await fleet(2, { options });
    await at(members, 0).fail();
    await at(members, 0).fail();
    expect(states(members)).toEqual(["closed", "closed"]);
  });

  test("needs no confirmation of an operator's trip", async () => {
    const { clock, members } = await fleet(2, { options });
    void at(members, 0).circuit.trip();
    await clock.advance(50);
    expect(states(members)).toEqual(["open", "open"]);
  });

  test("needs a failure of its own in a process that starts during the outage", async () => {
    const its = await tripped();
    const late = await its.join();
    expect(late.circuit.state).toBe("closed");
    await late.fail();
    expect(late.circuit.state).toBe("open");
  });

  test("stays confirmed until the circuit closes, through any number of failed probes", async () => {
    const { clock, members } = await tripped();
    await at(members, 1).fail();
    await clock.advance(30_000);
    expect(await during(clock, 100, at(members, 0).fail)).toBe("failed");
    expect(states(members)).toEqual(["open", "open", "closed"]);
    await clock.advance(30_000);
    await during(clock, 100, at(members, 1).succeed);
    expect(states(members)).toEqual(["closed", "closed", "closed"]);
  });
});

describe("a veto by recent local successes", () => {
  const options: FailfastOptions = { failureRate: 0.5, minimumCalls: 5 };

  test("twenty successes in five seconds without a failure: a remote trip is not obeyed until a call fails here", async () => {
    const { clock, members } = await fleet(3, { options });
    for (let n = 0; n < 20; n++) await at(members, 1).succeed();
    for (let n = 0; n < 5; n++) await at(members, 0).fail();
    await clock.advance(200);
    expect(states(members)).toEqual(["open", "closed", "open"]);
    await at(members, 1).fail();
    expect(states(members)).toEqual(["open", "open", "open"]);
  });

  test("does not count older successes", async () => {
    const { clock, members } = await fleet(2, { options });
    for (let n = 0; n < 20; n++) await at(members, 1).succeed();
    await clock.advance(6_000);
    for (let n = 0; n < 5; n++) await at(members, 0).fail();
    await clock.advance(200);
    expect(states(members)).toEqual(["open", "open"]);
  });
});

test("scope: process and confirm, beside a model of each process", () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom("process" as const, "confirm" as const),
      fc.array(fc.tuple(fc.nat({ max: 2 }), fc.boolean()), { maxLength: 20 }),
      async (scope, steps) => {
        const threshold = 3;
        const { clock, members } = await fleet(3, {
          options: { scope, threshold, window: "1h" },
          timeout: 3_600,
        });
        const failures = [0, 0, 0];
        const open = [false, false, false];
        for (const [who, fails] of steps) {
          const member = at(members, who);
          const end = await during(clock, 20, fails ? member.fail : member.succeed);
          expect(end).toBe(open[who] ? "rejected" : fails ? "failed" : "ok");
          if (end === "failed") {
            const told = scope === "confirm" && open.includes(true);
            const own = (failures[who] ?? 0) + 1;
            failures[who] = own;
            open[who] = told || own >= threshold;
          }
          expect(members.map(({ circuit }) => circuit.state === "open")).toEqual(open);
        }
      },
    ),
    { numRuns: 60 },
  ));

test("a veto needs twenty recent successes and no failure", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 3 }),
      fc.constantFrom(0, 1_000, 3_000, 7_000, 30_000),
      async (successes, failures, ago) => {
        const options = { failureRate: 0.9, minimumCalls: 5, window: "20s" } as const;
        const { clock, members } = await fleet(3, { options });
        const [a, b] = [at(members, 0), at(members, 1)];
        for (let n = 0; n < successes; n++) await b.succeed();
        for (let n = 0; n < failures && successes > 10; n++) await b.fail();
        await clock.advance(ago);
        for (let n = 0; n < 5; n++) await a.fail();
        await clock.advance(200);
        const vetoes = ago <= 3_000 && successes >= 20 && failures === 0;
        expect(b.circuit.state).toBe(vetoes ? "closed" : "open");
        expect(at(members, 2).circuit.state).toBe("open");
      },
    ),
    { numRuns: 60 },
  ));

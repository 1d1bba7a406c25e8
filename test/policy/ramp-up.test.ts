import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isFailfastError } from "../../src/index.js";
import { at, during, fleet } from "../rules/fleet.js";
import { alone } from "./alone.js";

describe("rampUp", () => {
  test("admits a share of calls that grows from a tenth to all, in every process alike", async () => {
    const { clock, members } = await fleet(4, { timeout: 5, options: { rampUp: "20s" } });
    await during(clock, 5_100, at(members, 0).fail);
    await during(clock, 50, at(members, 1).succeed);
    const shares: number[][] = [];
    for (const atSecond of [0.1, 10, 19]) {
      await clock.advance(atSecond * 1_000 - (shares.length === 0 ? 0 : shares.length === 1 ? 100 : 10_000));
      shares.push(
        await Promise.all(
          members.map(async ({ succeed }) => {
            let ok = 0;
            for (let n = 0; n < 1_000; n++) if ((await succeed()) === "ok") ok++;
            return ok / 1_000;
          }),
        ),
      );
    }
    for (const [n, expected] of [0.1, 0.55, 0.95].entries())
      for (const share of shares[n] ?? []) expect(Math.abs(share - expected)).toBeLessThan(0.06);
    await clock.advance(1_500);
    for (const { succeed } of members) expect(await succeed()).toBe("ok");
  });

  test("rejects the rest with a FailfastError that says so; a failure meanwhile trips", async () => {
    const { clock, members } = await fleet(1, { timeout: 5, options: { rampUp: "60s" } });
    await during(clock, 5_100, at(members, 0).fail);
    await during(clock, 50, at(members, 0).succeed);
    let held: unknown;
    for (let n = 0; n < 100 && held === undefined; n++)
      await at(members, 0)
        .circuit.run(() => 1)
        .catch((error: unknown) => (held = error));
    expect(isFailfastError(held)).toBe(true);
    expect((held as Error).message).toMatch(/admits only a share of the calls/);
    while ((await at(members, 0).fail()) === "rejected");
    expect(at(members, 0).circuit.state).toBe("open");
  });

  test("does not start after an operator's hold, long after the circuit closed", async () => {
    for (const scope of ["fleet", "process"] as const) {
      const { clock, members } = await fleet(1, { timeout: 5, options: { rampUp: "60s", scope } });
      const { circuit, fail, succeed } = at(members, 0);
      await during(clock, 5_100, fail);
      await during(clock, 50, succeed);
      await clock.advance(120_000);
      expect(await succeed()).toBe("ok");
      await during(clock, 50, () => circuit.hold("closed"));
      await during(clock, 50, () => circuit.release());
      for (let n = 0; n < 50; n++) expect(await succeed()).toBe("ok");
    }
  });

  test("does not start for a circuit that was never open", async () => {
    const { members } = await fleet(2, { options: { rampUp: "60s", quorum: 2 } });
    await at(members, 0).succeed();
    for (let n = 0; n < 200; n++) expect(await at(members, 1).succeed()).toBe("ok");
  });
});

test("rampUp: the share follows from the time since closing", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 9_000 }), fc.double({ min: 0, max: 0.999, noNaN: true })), {
        minLength: 1,
        maxLength: 20,
      }),
      async (steps) => {
        const { clock, circuit, drawn, fail, succeed } = alone({ rampUp: "30s" }, 5);
        await fail();
        await clock.advance(5_000);
        await succeed();
        const closed = clock.now();
        for (const [ms, chance] of steps) {
          await clock.advance(ms);
          drawn.next = chance;
          const share = Math.min(0.1 + (0.9 * (clock.now() - closed)) / 30_000, 1);
          expect(await succeed()).toBe(chance < share ? "ok" : "rejected");
          expect(circuit.state).toBe("closed");
        }
      },
    ),
    { numRuns: 60 },
  ));

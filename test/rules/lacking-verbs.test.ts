import { describe, expect, test } from "vitest";
import { at, during, fleet } from "./fleet.js";

type Optional = "swap" | "list" | "watch";
const LACKS: readonly (readonly Optional[])[] = [
  [],
  ["watch"],
  ["list"],
  ["swap"],
  ["list", "watch"],
  ["swap", "watch"],
  ["swap", "list"],
  ["swap", "list", "watch"],
];

for (const without of LACKS) {
  describe(`a store without ${without.join(", ") || "nothing"}`, () => {
    test("shares a trip, lets a probe close it for all, and costs calls no operation", async () => {
      const { clock, members } = await fleet(3, { timeout: 20, without });
      const [a, b, c] = [at(members, 0), at(members, 1), at(members, 2)];
      await during(clock, 3_000, a.fail);
      expect(members.map(({ circuit }) => circuit.state)).toEqual(["open", "open", "open"]);
      const operations = b.link.operations;
      for (let n = 0; n < 1_000; n++) expect(await b.succeed()).toBe("rejected");
      expect(b.link.operations).toBe(operations);
      // Without swap, the first attempt is delayed by up to a tenth of the open time.
      await clock.advance(20_000);
      expect(await during(clock, 3_000, b.succeed)).toBe("ok");
      expect(members.map(({ circuit }) => circuit.state)).toEqual(["closed", "closed", "closed"]);
      expect(await c.succeed()).toBe("ok");
    });

    test("shares trip, reset, hold and release", async () => {
      const { clock, members } = await fleet(2, { without });
      const [a, b] = [at(members, 0), at(members, 1)];
      expect(await during(clock, 3_000, () => a.circuit.trip({ reason: "deploy" }))).toEqual({
        stored: true,
      });
      expect(b.circuit.snapshot()).toMatchObject({ state: "open", reason: "deploy" });
      expect(await during(clock, 3_000, () => b.circuit.reset())).toEqual({ stored: true });
      expect(a.circuit.state).toBe("closed");
      expect(await during(clock, 3_000, () => a.circuit.hold("open"))).toEqual({ stored: true });
      expect(await b.succeed()).toBe("rejected");
      expect(await during(clock, 3_000, () => b.circuit.release())).toEqual({ stored: true });
      expect(await a.succeed()).toBe("ok");
    });

    test("opens the circuit for a process that starts later", async () => {
      const { clock, members, join } = await fleet(1, { without });
      await during(clock, 50, at(members, 0).fail);
      const late = await join();
      expect(await late.succeed()).toBe("rejected");
    });

    test("is read when a circuit comes into use later", async () => {
      const { clock, members } = await fleet(2, { without });
      const [a, b] = [at(members, 0), at(members, 1)];
      await during(clock, 50, () => a.failfast("y", 60).trip());
      await clock.advance(2_000);
      await during(clock, 50, () =>
        b
          .failfast("y", 60)
          .run(() => 1)
          .catch(() => undefined),
      );
      expect(b.failfast("y").state).toBe("open");
    });

    test("is written again if it was emptied while the circuit is open", async () => {
      const { clock, members, store } = await fleet(2, { without });
      await during(clock, 2_000, at(members, 0).fail);
      store.flush();
      await clock.advance(20_000);
      expect(store.record("x")).toMatchObject({ state: "open" });
      expect(members.map(({ circuit }) => circuit.state)).toEqual(["open", "open"]);
    });
  });
}

describe("a store without swap", () => {
  test("sees few probes, not ten, of ten processes at the end of the open time", async () => {
    const { clock, members } = await fleet(10, { timeout: 60, without: ["swap"] });
    await during(clock, 2_000, at(members, 0).fail);
    await clock.advance(58_000);
    const before = members.reduce((sum, { calls }) => sum + calls, 0);
    for (let n = 0; n < 70; n++) {
      await during(clock, 100, () => Promise.all(members.map(({ fail }) => fail())));
    }
    const probes = members.reduce((sum, { calls }) => sum + calls, 0) - before;
    expect(probes).toBeGreaterThanOrEqual(1);
    expect(probes).toBeLessThanOrEqual(2);
  });
});

import { describe, expect, test } from "vitest";
import { at, fleet, type Member } from "./fleet.js";

const MINUTE = 60_000;

/** Holds the answers to a process's operations of one kind until `thaw`. */
function freeze({ link }: Member, verb: "list" | "swap"): { readonly asked: number; thaw(): void } {
  const held: (() => void)[] = [];
  const verbs = link as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const real = verbs[verb] as (...args: unknown[]) => Promise<unknown>;
  verbs[verb] = (...args) => new Promise((resolve) => held.push(() => resolve(real(...args))));
  return {
    get asked() {
      return held.length;
    },
    thaw() {
      verbs[verb] = real;
      for (const answer of held) answer();
    },
  };
}

describe("a store in trouble", () => {
  test("that is down is asked about once a second by each process, which is in step within 2 s after it is up", async () => {
    const { clock, members } = await fleet(2, { timeout: 600 });
    const [a, b] = [at(members, 0), at(members, 1)];
    a.link.mode = "down";
    await a.fail();
    const before = a.link.operations;
    await clock.advance(MINUTE);
    expect(a.link.operations - before).toBeGreaterThan(30);
    expect(a.link.operations - before).toBeLessThan(90);
    a.link.mode = "up";
    await clock.advance(2_000);
    expect(b.circuit.state).toBe("open");
  });

  test("that takes no writes is not asked more often for each open circuit, although reads succeed", async () => {
    const { clock, members } = await fleet(2, { timeout: 600 });
    const [a, b] = [at(members, 0), at(members, 1)];
    a.link.mode = "read-only";
    await a.fail();
    const before = { ...a.link.counts };
    await clock.advance(MINUTE);
    expect(a.link.counts.swap - before.swap).toBeLessThan(90);
    expect(a.link.counts.list - before.list).toBeLessThan(90);
    a.link.mode = "up";
    await clock.advance(2_000);
    expect(b.circuit.state).toBe("open");
  });

  test.each(["list", "swap"] as const)(
    "whose %s hangs for a minute gets at most 8 requests, and their answers show that it is back",
    async (verb) => {
      const { clock, members } = await fleet(2, { timeout: 600 });
      const [a, b] = [at(members, 0), at(members, 1)];
      const frozen = freeze(a, verb);
      a.link.gap();
      if (verb === "list") await clock.advance(2_000);
      await a.fail();
      await clock.advance(MINUTE);
      expect(frozen.asked).toBeGreaterThan(2);
      expect(frozen.asked).toBeLessThanOrEqual(8);
      frozen.thaw();
      await clock.advance(2_000);
      expect(b.circuit.state).toBe("open");
      expect(a.circuit.snapshot().pending).toBe(false);
    },
  );
});

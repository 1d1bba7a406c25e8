import { describe, expect, test } from "vitest";
import { at, during, ending, fleet } from "./fleet.js";

describe("a call does no store operation", () => {
  test("in 100 000 successes and 100 000 rejections", async () => {
    const { clock, store, members } = await fleet(1);
    const { circuit, fail } = at(members, 0);
    const before = store.operations;
    const guarded = circuit(async (n: number) => n);
    for (let n = 0; n < 100_000; n++) await guarded(n);
    expect(store.operations).toBe(before);
    await during(clock, 10, fail);
    expect(circuit.state).toBe("open");
    const open = store.operations;
    for (let n = 0; n < 100_000; n++) expect(await ending(guarded(n))).toBe("rejected");
    expect(store.operations).toBe(open);
  });

  test("and a burst of failures is written once", async () => {
    const { clock, store, members } = await fleet(1);
    const { fail, link } = at(members, 0);
    await during(clock, 50, () => Promise.all(Array.from({ length: 100 }, fail)));
    expect(store.written).toHaveLength(1);
    // One more request may have read the store's clock.
    expect(link.counts.swap).toBeLessThanOrEqual(2);
  });

  test("and a failing call does not wait for its write", async () => {
    const { members } = await fleet(1, { delay: 200 });
    expect(await at(members, 0).fail()).toBe("failed");
    expect(await at(members, 0).succeed()).toBe("rejected");
  });
});

describe("a call's outcome does not depend on the store", () => {
  for (const mode of ["down", "hanging", "read-only"] as const) {
    test(`with the store ${mode} from the first call on, outcomes are the same as without a store`, async () => {
      const { clock, members, store } = await fleet(1);
      const { link, circuit, succeed, fail } = at(members, 0);
      link.mode = mode;
      expect(await succeed()).toBe("ok");
      expect(await fail()).toBe("failed");
      expect(await succeed()).toBe("rejected");
      await clock.advance(59_000);
      expect(await succeed()).toBe("rejected");
      await clock.advance(1_500);
      expect(await succeed()).toBe("ok");
      expect(circuit.state).toBe("closed");
      expect(await succeed()).toBe("ok");
      expect(store.written).toHaveLength(0);
    });

    test(`with the store ${mode} each process makes one local probe each time the circuit is due`, async () => {
      const { clock, members } = await fleet(3, { timeout: 5 });
      for (const { link } of members) link.mode = mode;
      for (const { fail } of members) expect(await fail()).toBe("failed");
      await clock.advance(6_000);
      for (let reopening = 1; reopening <= 3; reopening++) {
        for (const member of members) {
          const before = member.calls;
          const endings = await Promise.all(Array.from({ length: 20 }, member.fail));
          expect(endings.filter((end) => end === "failed")).toHaveLength(1);
          expect(member.calls - before).toBe(1);
        }
        await clock.advance(6_000);
      }
    });
  }

  test("with a store that hangs when the probe is due, the caller waits 20 ms and is rejected once", async () => {
    const { clock, members } = await fleet(1, { timeout: 5 });
    const { link, fail, succeed, calls } = at(members, 0);
    expect(await fail()).toBe("failed");
    expect(calls).toBe(0);
    await clock.advance(5_100);
    link.mode = "hanging";
    let ended = false;
    const first = succeed().then((end) => {
      ended = true;
      return end;
    });
    await clock.advance(19);
    expect(ended).toBe(false);
    expect(await succeed()).toBe("rejected");
    await clock.advance(1);
    expect(ended).toBe(true);
    expect(await first).toBe("rejected");
    await clock.advance(300);
    expect(await succeed()).toBe("ok");
  });

  test("with a store that throws synchronously, outcomes are the same", async () => {
    const { clock, members } = await fleet(1, { timeout: 5 });
    const { link, fail, succeed } = at(members, 0);
    const thrower = (): never => {
      throw new Error("the client is closed");
    };
    Object.assign(link, { swap: thrower, list: thrower, get: thrower, set: thrower, watch: thrower });
    expect(await succeed()).toBe("ok");
    expect(await fail()).toBe("failed");
    expect(await succeed()).toBe("rejected");
    await clock.advance(5_100);
    expect(await succeed()).toBe("ok");
  });
});

import { describe, expect, test } from "vitest";
import { manualClock } from "../../src/testing/index.js";
import { at, during, ending, fleet } from "./fleet.js";

const DAY = 24 * 3_600_000;

describe("a value from the store is not trusted", () => {
  const now = manualClock().wall();
  const open = {
    v: 1,
    revision: now + 5,
    generation: now + 5,
    nonce: "n",
    state: "open",
    until: now + 30_000,
    duration: 30_000,
    by: "h/1",
    reason: "r",
    at: now,
  };
  const RUBBISH: Readonly<Record<string, unknown>> = {
    "no JSON": "{",
    nothing: "",
    "Python's own": "b'\\x80\\x04K\\x01.'",
    null: "null",
    "an array": "[]",
    "a number": "1",
    "deep JSON": `${"[".repeat(2_000)}${"]".repeat(2_000)}`,
    "a megabyte": JSON.stringify({ ...open, reason: "r".repeat(1_000_000) }),
    "another version": { ...open, v: 2 },
    "no revision": { ...open, revision: undefined },
    "a fractional revision": { ...open, revision: 1.5 },
    "a text revision": { ...open, revision: "9" },
    "a revision from centuries ahead": { ...open, revision: Number.MAX_SAFE_INTEGER },
    "a generation above its revision": { ...open, generation: now + 6 },
    "an unknown state": { ...open, state: "ajar" },
    "a state of Object's": { ...open, state: "constructor" },
    "no nonce": { ...open, nonce: undefined },
    "a negative deadline": { ...open, until: -1 },
    "a deadline that is text": { ...open, until: "2099" },
    "an infinite deadline": JSON.stringify(open).replace(String(open.until), "1e999"),
    "a duration of a century": { ...open, duration: 100 * 366 * DAY },
    "no time": { ...open, at: undefined },
    "an owner that is an object": { ...open, owner: {} },
    "a count below zero": { ...open, lapsed: -1 },
    "an enormous count": { ...open, lapsed: 1e15 },
    __proto__: JSON.stringify(open).replace("{", '{"__proto__":{"state":"open"},').replace('"v":1,', ""),
  };

  for (const [what, value] of Object.entries(RUBBISH)) {
    test(`${what}, read, pushed or met by a swap, causes an event and no exception`, async () => {
      const raw = typeof value === "string" ? value : JSON.stringify(value);
      const { clock, members, store } = await fleet(1, { timeout: 5 });
      const { failfast, link, circuit, succeed, fail } = at(members, 0);
      const told: unknown[] = [];
      failfast.on("store-down", ({ error }) => told.push(error));
      failfast.on("store-up", () => told.push("up"));
      store.put("circuit:x", raw);
      link.push({ key: "circuit:x", value: raw, now: clock.wall() });
      link.gap();
      await clock.advance(20_000);
      expect(told).toHaveLength(1);
      expect(String(told[0])).toMatch(/circuit:x.*no record of failfast/);
      expect(await succeed()).toBe("ok");
      expect(circuit.state).toBe("closed");
      // The next change overwrites it, and the store is up again.
      expect(await during(clock, 50, fail)).toBe("failed");
      expect(store.record("x")).toMatchObject({ v: 1, state: "open" });
      link.gap();
      await clock.advance(1_000);
      expect(told).toHaveLength(2);
      expect(told[1]).toBe("up");
    });
  }

  test("invalid bytes over an open circuit do not close it", async () => {
    const { clock, members, store } = await fleet(2);
    await during(clock, 50, at(members, 0).fail);
    store.put("circuit:x", "rubbish");
    for (const { link } of members) link.gap();
    await clock.advance(20_000);
    for (const { succeed } of members) expect(await succeed()).toBe("rejected");
    await clock.advance(40_000);
    expect(await during(clock, 100, at(members, 0).succeed)).toBe("ok");
    await clock.advance(100);
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["closed", "closed"]);
    expect(store.record("x")).toMatchObject({ state: "closed" });
  });

  const far = { ...open, until: now + 365 * DAY, duration: 365 * DAY };
  test("a deadline is limited to the circuit's own time, or to 24 h for an operator's", async () => {
    for (const [record, most] of [
      [far, 60],
      [{ ...far, manual: true }, 86_400],
      [{ ...far, state: "half-open", owner: "somebody" }, 600],
    ] as const) {
      for (const tells of [true, false]) {
        const { clock, members, store } = await fleet(1, { timeout: 60, tells });
        const { circuit, link, succeed } = at(members, 0);
        store.put("circuit:x", JSON.stringify(record));
        link.gap();
        await clock.advance(200);
        expect(circuit.state).not.toBe("closed");
        expect(circuit.retryAfter).toBeLessThanOrEqual(most);
        await clock.advance((most - 1) * 1_000);
        link.gap();
        await clock.advance(1_000);
        expect(await during(clock, 100, succeed)).toBe("ok");
      }
    }
  });

  test("a deadline in a store where other libraries open circuits is limited to 24 h", async () => {
    for (const [duration, most] of [
      [300_000, 300],
      [365 * DAY, 86_400],
    ] as const) {
      const { clock, members, store } = await fleet(1, { timeout: 60 });
      const { circuit, link } = at(members, 0);
      Object.assign(link, { foreign: true });
      store.put("circuit:x", JSON.stringify({ ...open, until: now + duration, duration }));
      link.gap();
      await clock.advance(200);
      expect(Math.abs(circuit.retryAfter - most)).toBeLessThanOrEqual(1);
      // Their changes are not pushed, so the store is polled.
      const { list } = link.counts;
      await clock.advance(10_000);
      expect(link.counts.list - list).toBeGreaterThanOrEqual(8);
    }
  });

  test("a limited deadline still applies for a name that is first used later", async () => {
    const { clock, members, store } = await fleet(1);
    const { failfast, link } = at(members, 0);
    store.put("circuit:later", JSON.stringify(far));
    link.gap();
    await clock.advance(200);
    const later = failfast("later", 5);
    expect(await ending(later.run(() => 1))).toBe("rejected");
    await clock.advance(5_000);
    expect(await during(clock, 100, () => ending(later.run(() => 1)))).toBe("ok");
  });

  const ANSWERS: readonly unknown[] = [
    undefined,
    null,
    0,
    "text",
    {},
    [],
    [null],
    [{}],
    [{ key: 1, value: 2 }],
    [{ key: "circuit:x", value: null }],
    [{ key: "circuit:x", value: "{}", now: "then" }],
    { ok: "yes" },
    { ok: true },
    { ok: true, value: 5 },
    { ok: false, value: undefined },
    { ok: false, value: "rubbish", now: Number.NaN },
    () => undefined,
  ];
  ANSWERS.forEach((answer, n) => {
    test(`answers of the wrong shape change no call (${n})`, async () => {
      const { clock, members } = await fleet(1, { timeout: 5 });
      const { link, succeed, fail, circuit } = at(members, 0);
      link.lie = () => answer;
      link.push(answer);
      link.push(undefined);
      link.gap();
      await clock.advance(1_000);
      expect(await succeed()).toBe("ok");
      expect(await fail()).toBe("failed");
      expect(await succeed()).toBe("rejected");
      await clock.advance(5_500);
      expect(await during(clock, 60, succeed)).toMatch(/ok|rejected/);
      await clock.advance(300);
      expect(await during(clock, 60, succeed)).toBe("ok");
      expect(circuit.state).toBe("closed");
    });
  });

  test("a list with an entry that throws counts as a failed read", async () => {
    const { clock, members } = await fleet(1);
    const { link, succeed, failfast } = at(members, 0);
    const told: unknown[] = [];
    failfast.on("store-down", ({ error }) => told.push(error));
    link.lie = (verb, truth) =>
      verb === "list"
        ? (function* () {
            yield { key: "circuit:x", value: "{}" };
            throw new Error("the cursor is gone");
          })()
        : truth;
    link.gap();
    await clock.advance(1_000);
    expect(await succeed()).toBe("ok");
    expect(told).toHaveLength(1);
  });

  test("a store's clock that jumps about moves no deadline later", async () => {
    const { clock, members } = await fleet(1, { timeout: 60 });
    const { link, fail, circuit, succeed } = at(members, 0);
    await during(clock, 50, fail);
    const jumps = [-DAY, DAY, -1, 1e15, Number.NaN, -1e15];
    let n = 0;
    link.lie = (verb, truth) => {
      if (verb !== "list") return truth;
      const now = clock.wall() + (jumps[n++ % jumps.length] ?? 0);
      return [...(truth as { key: string; value: string }[])].map((entry) => ({ ...entry, now }));
    };
    let left = circuit.retryAfter;
    for (let round = 0; round < 12; round++) {
      link.gap();
      await clock.advance(1_000);
      expect(circuit.retryAfter).toBeLessThanOrEqual(left);
      left = circuit.retryAfter;
    }
    link.lie = undefined;
    await clock.advance(50_000);
    expect(await during(clock, 60, succeed)).toBe("ok");
  });
});

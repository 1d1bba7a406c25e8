import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFailfast } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { faultyStore } from "./faulty-store.js";
import { at, during, type Fleet, fleet } from "./fleet.js";

let warnings: string[] = [];
const note = (warning: Error & { code?: string }): void =>
  void warnings.push(`${warning.code}: ${warning.message}`);

beforeEach(() => {
  warnings = [];
  process.on("warning", note);
});
afterEach(() => void process.off("warning", note));

/** The store events of the first process. */
function health({ members }: Fleet): string[] {
  const told: string[] = [];
  const { failfast } = at(members, 0);
  failfast.on("store-down", ({ error }) => told.push(String(error)));
  failfast.on("store-up", () => told.push("up"));
  return told;
}

describe("a store without working push", () => {
  test("has its refused watch reported once, retried less and less often, and replaced by polls", async () => {
    const clock = manualClock();
    const store = faultyStore(clock);
    const others = store.connect();
    const link = store.connect();
    let asked = 0;
    link.watch = () => {
      asked++;
      return Promise.reject(new Error("NOPERM no permission to access a channel"));
    };
    const failfast = createFailfast({ clock, store: link });
    const circuit = failfast("x", 600);
    const told: string[] = [];
    failfast.on("store-down", ({ error }) => told.push(String(error)));
    failfast.on("store-up", () => told.push("up"));
    await during(clock, 100, () => failfast.ready());
    await clock.advance(600_000);
    expect(told).toEqual([]);
    expect(asked).toBeLessThan(30);
    expect(warnings.filter((warning) => warning.includes("NOPERM"))).toHaveLength(1);
    expect(warnings[0]).toMatch(/^FAILFAST_STORE_PUSH: .*polling/);
    await during(clock, 100, () => createFailfast({ clock, store: others })("x", 600).trip());
    await clock.advance(1_300);
    expect(circuit.state).toBe("open");
  });

  test("has no watch reported that is refused for a moment", async () => {
    const clock = manualClock();
    const link = faultyStore(clock).connect();
    const watch = link.watch?.bind(link);
    link.watch = () => {
      if (watch) link.watch = watch;
      return Promise.reject(new Error("connection reset"));
    };
    const failfast = createFailfast({ clock, store: link });
    failfast("x", 60);
    await during(clock, 100, () => failfast.ready());
    await clock.advance(5_000);
    const { list } = link.counts;
    await clock.advance(60_000);
    expect(warnings.filter((warning) => warning.startsWith("FAILFAST_STORE_PUSH"))).toEqual([]);
    // With push, four times a minute.
    expect(link.counts.list - list).toBeLessThan(6);
  });
});

describe("a record that can't be decoded", () => {
  const newer = JSON.stringify({ v: 2, revision: 7, state: "open", nonce: "n", until: 9e15, at: 1 });

  test.each([
    ["of a newer version, under another's name", "circuit:other", newer],
    ["of a newer version, under a name in use", "circuit:x", newer],
    ["that is rubbish, under another's name", "circuit:other", "rubbish"],
    ["that is rubbish, in place of a hold", "hold:other", "[]"],
  ])("%s is reported once while it is there, and as up when it has gone", async (_, key, value) => {
    const all = await fleet(1);
    const told = health(all);
    all.store.put(key, value);
    const { link } = at(all.members, 0);
    for (let poll = 0; poll < 20; poll++) {
      link.gap();
      link.push({ key, value });
      await all.clock.advance(20_000);
    }
    expect(told).toEqual([expect.stringContaining(key)]);
    all.store.flush();
    await all.clock.advance(60_000);
    expect(told.slice(1)).toEqual(["up"]);
  });

  test("does not hide that the store goes down later", async () => {
    const all = await fleet(1);
    const told = health(all);
    all.store.put("circuit:other", newer);
    await all.clock.advance(60_000);
    const { link } = at(all.members, 0);
    link.mode = "down";
    await all.clock.advance(60_000);
    expect(told[1]).toMatch(/the store is down/);
    link.mode = "up";
    await all.clock.advance(60_000);
    expect(told.slice(2)).toEqual(["up"]);
  });
});

describe("close()", () => {
  test("takes half a second at most with a store that never answers", async () => {
    const all = await fleet(1);
    const { failfast, link, fail } = at(all.members, 0);
    const { watch } = link;
    expect(watch).toBeDefined();
    link.mode = "hanging";
    void fail();
    await all.clock.advance(100);
    let closed = false;
    void failfast.close().then(() => {
      closed = true;
    });
    await all.clock.advance(500);
    expect(closed).toBe(true);
    const { operations } = link;
    await all.clock.advance(60_000);
    expect(link.operations).toBe(operations);
  });

  test("takes half a second at most if ending the subscription hangs", async () => {
    const clock = manualClock();
    const link = faultyStore(clock).connect();
    link.watch = () => ({ [Symbol.asyncDispose]: () => new Promise(() => undefined) });
    const failfast = createFailfast({ clock, store: link });
    failfast("x", 60);
    await during(clock, 100, () => failfast.ready());
    let closed = false;
    void failfast.close().then(() => {
      closed = true;
    });
    await clock.advance(500);
    expect(closed).toBe(true);
  });
});

describe("ready() after the process was suspended", () => {
  test.each([
    ["both clocks went on", 30_000, 0],
    ["for a short while", 3_000, 0],
    ["the monotonic clock stood still", 0, 30_000],
  ])("reads again if %s", async (_, monotonic, wall) => {
    const all = await fleet(2);
    const [a, b] = [at(all.members, 0), at(all.members, 1)];
    b.link.pushes = "lost";
    await during(all.clock, 50, a.fail);
    all.clock.stall(monotonic);
    all.clock.jumpWall(wall);
    const ready = b.failfast.ready();
    let is = false;
    void ready.then(() => {
      is = true;
    });
    await Promise.resolve();
    expect(is).toBe(false);
    await all.clock.advance(110);
    expect(is).toBe(true);
    expect(await b.succeed()).toBe("rejected");
  });

  test("reads nothing if the last read was recent", async () => {
    const all = await fleet(1);
    const { failfast, link } = at(all.members, 0);
    await all.clock.advance(10_000);
    const { operations } = link;
    await failfast.ready();
    expect(link.operations).toBe(operations);
  });

  test("takes five seconds at most, and no time at all once closed", async () => {
    const all = await fleet(1);
    const { failfast, link } = at(all.members, 0);
    link.mode = "hanging";
    all.clock.stall(30_000);
    let is = false;
    void failfast.ready().then(() => {
      is = true;
    });
    await all.clock.advance(4_999);
    expect(is).toBe(false);
    await all.clock.advance(1);
    expect(is).toBe(true);
    await during(all.clock, 500, () => failfast.close());
    await failfast.ready();
  });
});

import { describe, expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import { arrive, bench, GAP, isClosed, isHeld, isOpen, listener, NOW, WALL } from "./replica.fixture.js";

describe("a store that can't list", () => {
  const both = (name: string): unknown[][] => [
    ["get", `circuit:${name}`],
    ["get", `hold:${name}`],
  ];

  test("is read by name, for the circuits in use", async () => {
    const { replica, store, time, health } = bench(["list", "watch"]);
    replica.subscribe("x", listener());
    replica.subscribe("y", listener());
    store.held.set("circuit:x", encode(isOpen(40)));
    store.held.set("hold:y", encode(isHeld(40, "open")));
    store.held.set("circuit:z", encode(isOpen(40)));
    replica.synchroniser.start();
    await time.advance(0);
    expect(store.asked).toEqual([...both("x"), ...both("y")]);
    expect([...replica.circuits.keys()]).toEqual(["x"]);
    expect([...replica.holds.keys()]).toEqual(["y"]);
    expect(replica.storeClock.known).toBe(false);
    expect(health).toEqual([]);
  });

  test("is asked for sixteen keys at a time", async () => {
    const { replica, store, time } = bench(["list", "watch"]);
    let under = 0;
    let most = 0;
    let all = 0;
    store.get = async () => {
      all++;
      most = Math.max(most, ++under);
      await Promise.resolve();
      under--;
      return null;
    };
    for (let n = 0; n < 20; n++) replica.subscribe(`${n}`, listener());
    replica.synchroniser.start();
    await time.advance(0);
    expect({ most, all }).toEqual({ most: 16, all: 40 });
  });

  test("is asked for no more keys after close()", async () => {
    const { replica, store, time } = bench(["list", "watch"]);
    const get = store.get.bind(store);
    store.get = async (key) => {
      await new Promise<void>((later) => time.after(500, later));
      return get(key);
    };
    for (let n = 0; n < 20; n++) replica.subscribe(`${n}`, listener());
    replica.synchroniser.start();
    await time.advance(100);
    await replica.synchroniser.close();
    await time.advance(60_000);
    expect(store.asked).toHaveLength(16);
  });

  test("is read when a name comes into use, and the record is of unknown age", async () => {
    const { replica, store, time } = bench(["list", "watch"]);
    replica.synchroniser.start();
    await time.advance(0);
    store.held.set("circuit:x", encode({ ...isOpen(40), until: WALL + 300 }));
    const breaker = listener();
    replica.subscribe("x", breaker);
    await time.advance(0);
    expect(store.asked).toEqual(both("x"));
    expect(breaker.changes).toBe(1);
    expect(replica.circuit("x").cached?.deadline).toBe(NOW + 300);
  });

  test("may hold an older record of such a name, which is restored", async () => {
    const { replica, store, time } = bench(["list", "watch"]);
    replica.synchroniser.start();
    await time.advance(0);
    arrive(replica, replica.circuit("x"), isOpen(40));
    store.held.set("circuit:x", encode(isClosed(39)));
    replica.subscribe("x", listener());
    await time.advance(0);
    expect(replica.circuit("x")).toMatchObject({ stored: encode(isClosed(39)), restoring: true });
  });

  test("that fails to read such a name is read again soon", async () => {
    const { replica, store, time } = bench(["list", "watch"]);
    replica.synchroniser.start();
    await time.advance(0);
    const get = store.get.bind(store);
    store.get = () => {
      throw new Error("refused");
    };
    replica.subscribe("x", listener());
    await time.advance(0);
    store.get = get;
    await time.advance(GAP);
    expect(store.asked).toEqual(both("x"));
  });

  test("is not asked for a name before start() or after close()", async () => {
    const { replica, store, time } = bench(["list", "watch"]);
    replica.subscribe("x", listener());
    replica.synchroniser.start();
    await replica.synchroniser.close();
    await time.advance(0);
    store.asked.length = 0;
    replica.subscribe("y", listener());
    await time.advance(0);
    expect(store.asked).toEqual([]);
  });

  test("can still push", async () => {
    const { replica, store, time } = bench(["list"]);
    const breaker = listener();
    replica.subscribe("x", breaker);
    replica.synchroniser.start();
    await time.advance(0);
    store.watcher?.change({ key: "circuit:x", value: encode(isOpen(40)) });
    expect(breaker.changes).toBe(1);
  });
});

test("a store that lists is not asked for single names", () => {
  const { replica, store } = bench();
  replica.synchroniser.start();
  replica.subscribe("x", listener());
  expect(store.count("get")).toBe(0);
});

import { describe, expect, test } from "vitest";
import type { StoreEntry } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import {
  bench,
  deferred,
  GAP,
  GIVEN_UP,
  isClosed,
  isHeld,
  isOpen,
  POLL,
  PUSHED_POLL,
  RETRY,
  WALL,
  watched,
} from "./replica.fixture.js";

describe("a pushed record older than the known one", () => {
  const early = { key: "circuit:x", value: encode(isClosed(39)) };

  async function knowing(): Promise<ReturnType<typeof watched>> {
    const set = watched();
    set.store.held.set("circuit:x", encode(isOpen(40, 60_000)));
    set.replica.synchroniser.start();
    expect(set.store.count("list")).toBe(1);
    return set;
  }

  test("causes one read a second later, because it is either late or the store has lost a record", async () => {
    const { replica, store, time } = await knowing();
    for (let times = 0; times < 5; times++) {
      store.watcher?.change(early);
      await time.advance(100);
    }
    expect(store.count("list")).toBe(1);
    await time.advance(POLL - 500);
    expect(store.count("list")).toBe(2);
    expect(replica.circuit("x").restoring).toBe(false);
    await time.advance(PUSHED_POLL - 1);
    expect(store.count("list")).toBe(2);
  });

  test("from a new process in an emptied store is adopted after that read, if it restricts more", async () => {
    const { replica, store, time } = watched();
    store.held.set("circuit:x", encode(isClosed(40)));
    replica.synchroniser.start();
    const trip = encode(isOpen(39, 60_000));
    store.held.set("circuit:x", trip);
    store.watcher?.change({ key: "circuit:x", value: trip });
    await time.advance(2 * POLL);
    expect(replica.circuit("x").cached?.record.state).toBe("open");
    expect(replica.circuit("x").cached?.record.revision).toBeGreaterThan(40);
  });

  test("does not delay a read that is due sooner", async () => {
    const { replica, store, time } = await knowing();
    store.watcher?.change(early);
    replica.synchroniser.gap();
    await time.advance(GAP);
    expect(store.count("list")).toBe(2);
    await time.advance(PUSHED_POLL - 500);
    store.watcher?.change(early);
    await time.advance(500);
    expect(store.count("list")).toBe(3);
  });

  test("causes no read if the store is known to hold that newer record", async () => {
    const { store, time } = await knowing();
    store.watcher?.change({ key: "circuit:x", value: encode(isOpen(40, 60_000)) });
    await time.advance(2 * POLL);
    expect(store.count("list")).toBe(1);
  });

  test("does not cause an earlier retry of a store that hangs", async () => {
    const { replica, store, time } = await knowing();
    store.get = () => new Promise(() => undefined);
    store.list = () => {
      store.asked.push(["list"]);
      return new Promise(() => undefined);
    };
    replica.synchroniser.gap();
    await time.advance(GAP + GIVEN_UP + 2 * RETRY + GIVEN_UP);
    expect(store.count("list")).toBe(3);
    store.watcher?.change(early);
    await time.advance(2 * POLL);
    expect(store.count("list")).toBe(3);
  });

  test("causes no read if the store is known to hold that older record", async () => {
    const { replica, store, time } = await knowing();
    store.held.set(early.key, early.value);
    replica.synchroniser.gap();
    await time.advance(GAP);
    expect(store.count("list")).toBe(2);
    store.watcher?.change(early);
    await time.advance(2 * POLL);
    expect(store.count("list")).toBe(2);
  });

  test("waits for the next retry while the store is down", async () => {
    const { replica, store, time } = await knowing();
    const { list } = store;
    store.list = () => {
      store.asked.push(["list"]);
      throw new Error("down");
    };
    replica.synchroniser.gap();
    await time.advance(GAP);
    store.watcher?.change(early);
    if (list) store.list = list;
    await time.advance(RETRY - 1);
    expect(store.count("list")).toBe(2);
    await time.advance(1);
    expect(store.count("list")).toBe(3);
  });
});

describe("while a read is under way", () => {
  /** The first read is done; the test gives the answer of the next one. */
  async function reading(): Promise<
    ReturnType<typeof watched> & { readonly answer: ReturnType<typeof deferred<StoreEntry[]>> }
  > {
    const set = watched();
    set.store.held.set("circuit:x", encode(isOpen(40, 60_000)));
    set.store.held.set("hold:x", encode(isHeld(40, "open")));
    set.replica.synchroniser.start();
    const answer = deferred<StoreEntry[]>();
    set.store.list = (prefix) => {
      set.store.asked.push(["list", prefix]);
      return answer.promise;
    };
    await set.time.advance(PUSHED_POLL);
    return { ...set, answer };
  }

  const older = [
    { key: "circuit:x", value: encode(isOpen(39)) },
    { key: "hold:x", value: encode(isHeld(39, "closed")) },
  ];

  test("a pushed record is newer than the answer, and is neither replaced nor restored", async () => {
    for (const entries of [[], older]) {
      const { replica, store, time, answer } = await reading();
      store.watcher?.change({ key: "circuit:x", value: encode(isOpen(41, 60_000)) });
      store.watcher?.change({ key: "hold:x", value: encode(isHeld(41, "open")) });
      answer.resolve(entries);
      await time.advance(0);
      expect(replica.circuit("x")).toMatchObject({ restoring: false, stored: encode(isOpen(41, 60_000)) });
      expect(replica.hold("x")).toMatchObject({ restoring: false, stored: encode(isHeld(41, "open")) });
    }
  });

  test("a record that is being written is not restored because of the answer", async () => {
    for (const entries of [[], older]) {
      const { replica, time, answer } = await reading();
      replica.circuit("x").write = { nonce: "ours", granted: () => undefined };
      replica.hold("x").write = { nonce: "ours", granted: () => undefined };
      answer.resolve(entries);
      await time.advance(0);
      expect(replica.circuit("x").restoring).toBe(false);
      expect(replica.hold("x").restoring).toBe(false);
    }
  });

  test("a record known before is restored if the answer lacks it or has an older one", async () => {
    for (const entries of [[], older]) {
      const { replica, time, answer } = await reading();
      answer.resolve(entries);
      await time.advance(0);
      expect(replica.circuit("x").restoring).toBe(true);
      expect(replica.hold("x").restoring).toBe(true);
    }
  });

  test("there is no second read; gaps meanwhile cause one more read after it", async () => {
    const { store, time, answer, replica } = await reading();
    store.watcher?.gap();
    store.watcher?.gap();
    await time.advance(500);
    expect(store.count("list")).toBe(2);
    answer.resolve([]);
    await time.advance(GAP - 1);
    expect(store.count("list")).toBe(2);
    // Records that come until then are of unknown age.
    store.watcher?.change({ key: "circuit:x", value: encode({ ...isOpen(41), until: WALL }) });
    expect(replica.circuit("x").cached?.deadline).toBeLessThanOrEqual(time.now());
    await time.advance(1);
    expect(store.count("list")).toBe(3);
    await time.advance(GAP);
    expect(store.count("list")).toBe(3);
  });

  test("close() discards its answer", async () => {
    const { replica, time, answer, breaker, store } = await reading();
    void replica.synchroniser.close();
    answer.resolve([{ key: "circuit:x", value: encode(isClosed(50)) }]);
    await time.advance(PUSHED_POLL);
    expect(breaker.changes).toBe(2);
    expect(store.count("list")).toBe(2);
    expect(time.pending).toBe(0);
  });
});

describe("a gap", () => {
  test("causes one read soon, however many gaps there are", async () => {
    const { replica, store, time } = bench();
    replica.synchroniser.start();
    replica.synchroniser.gap();
    await time.advance(GAP - 1);
    replica.synchroniser.gap();
    expect(store.count("list")).toBe(1);
    await time.advance(1);
    expect(store.count("list")).toBe(2);
    await time.advance(GAP);
    expect(store.count("list")).toBe(2);
    replica.synchroniser.gap();
    await time.advance(GAP);
    expect(store.count("list")).toBe(3);
  });

  test("before start() and after close() has no effect", async () => {
    const { replica, store, time } = bench();
    replica.synchroniser.gap();
    expect(time.pending).toBe(0);
    replica.synchroniser.start();
    await replica.synchroniser.close();
    replica.synchroniser.gap();
    expect(time.pending).toBe(0);
    expect(store.count("list")).toBe(1);
  });

  test("while the subscription is made causes a read after it", async () => {
    const { replica, store, time } = bench();
    const watch = deferred<AsyncDisposable>();
    store.watch = () => watch.promise;
    replica.synchroniser.start();
    replica.synchroniser.gap();
    await time.advance(GAP);
    expect(store.count("list")).toBe(0);
    watch.resolve({ [Symbol.asyncDispose]: async () => undefined });
    await time.advance(GAP);
    expect(store.count("list")).toBe(1);
  });

  test("is assumed after a failed write, unless the store is known to be down", async () => {
    const { replica, store, time } = bench();
    replica.synchroniser.start();
    replica.synchroniser.doubt();
    await time.advance(GAP);
    expect(store.count("list")).toBe(2);
    let asked = 0;
    store.list = () => {
      asked++;
      throw new Error("refused");
    };
    await time.advance(PUSHED_POLL);
    expect(replica.synchroniser.down).toBe(true);
    replica.synchroniser.doubt();
    await time.advance(RETRY - 1);
    expect(asked).toBe(1);
  });
});

import { describe, expect, test } from "vitest";
import { StoreTimeoutError } from "../errors/store-errors.js";
import type { StoreEntry } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import { deferred, GIVEN_UP, isOpen, NOW, PUSHED_POLL, RETRY, watched } from "./replica.fixture.js";

describe("a store that hangs", () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  test("times out after five seconds, and is retried less and less often", async () => {
    const { replica, store, time, health } = watched();
    const times: number[] = [];
    store.get = never;
    store.list = () => {
      times.push(time.now() - NOW);
      return new Promise(() => undefined);
    };
    replica.synchroniser.start();
    await time.advance(GIVEN_UP - 1);
    expect(replica.synchroniser.down).toBe(false);
    await time.advance(1);
    expect(replica.synchroniser.down).toBe(true);
    expect(health).toEqual([new StoreTimeoutError(GIVEN_UP)]);
    await time.advance(40_000);
    expect(times).toEqual([0, 6_600, 14_800, 26_200, 44_000]);
  });

  test("and then fails is retried at the pace of a store that answers", async () => {
    const { replica, store, time } = watched();
    let hangs = true;
    store.get = never;
    const times: number[] = [];
    store.list = () => {
      times.push(time.now() - NOW);
      if (!hangs) throw new Error("refused");
      return new Promise(() => undefined);
    };
    replica.synchroniser.start();
    await time.advance(GIVEN_UP);
    hangs = false;
    await time.advance(2 * RETRY + RETRY);
    expect(times).toEqual([0, 6_600, 7_400]);
  });

  test("and then answers starts again at the first pause when it hangs again", async () => {
    const { replica, store, time } = watched();
    const list = store.list?.bind(store);
    store.get = never;
    const hang = (): Promise<StoreEntry[]> => {
      times.push(time.now() - NOW);
      return new Promise(() => undefined);
    };
    const times: number[] = [];
    store.list = hang;
    replica.synchroniser.start();
    await time.advance(GIVEN_UP);
    if (list) store.list = list;
    await time.advance(2 * RETRY);
    store.list = hang;
    await time.advance(PUSHED_POLL + GIVEN_UP + 2 * RETRY);
    expect(times).toEqual([0, 6_600 + PUSHED_POLL, 6_600 + PUSHED_POLL + 6_600]);
  });

  test("and fails late is retried sooner, because it answers again", async () => {
    const { replica, store, time } = watched();
    const answer = deferred<StoreEntry[]>();
    const list = store.list?.bind(store);
    store.get = never;
    store.list = () => answer.promise;
    replica.synchroniser.start();
    await time.advance(GIVEN_UP + 100);
    answer.reject(new Error("too late"));
    if (list) store.list = list;
    await time.advance(RETRY / 2 - 1);
    expect(replica.synchroniser.down).toBe(true);
    await time.advance(1);
    expect(replica.synchroniser.down).toBe(false);
  });

  test("and answers late is up, and gets a longer timeout from then on", async () => {
    const { replica, store, time, health } = watched();
    const entry = { key: "circuit:x", value: encode(isOpen(40, 60_000)) };
    store.get = never;
    store.list = () => new Promise((done) => time.after(2 * GIVEN_UP, () => done([entry])));
    replica.synchroniser.start();
    await time.advance(GIVEN_UP);
    expect(replica.synchroniser.down).toBe(true);
    await time.advance(GIVEN_UP);
    expect(replica.synchroniser.down).toBe(false);
    expect(replica.circuit("x").cached).not.toBeNull();
    await time.advance(10 * PUSHED_POLL);
    expect(health).toEqual([new StoreTimeoutError(GIVEN_UP), "up"]);
  });

  test("and answers late has no effect if a newer read was already answered", async () => {
    const { replica, store, time, breaker } = watched();
    const first = deferred<StoreEntry[]>();
    const answers = [first.promise];
    store.get = never;
    store.list = (prefix) => {
      store.asked.push(["list", prefix]);
      return answers.shift() ?? [];
    };
    replica.synchroniser.start();
    await time.advance(GIVEN_UP + 2 * RETRY);
    expect(replica.synchroniser.down).toBe(false);
    first.resolve([{ key: "circuit:x", value: encode(isOpen(40)) }]);
    await time.advance(RETRY);
    expect(breaker.changes).toBe(0);
    expect(store.count("list")).toBe(2);
  });

  test("and answers late during a retry is up, and the answer to the retry counts too", async () => {
    const { replica, store, time, breaker } = watched();
    const [first, second] = [deferred<StoreEntry[]>(), deferred<StoreEntry[]>()];
    const answers = [first.promise, second.promise];
    store.get = never;
    store.list = (prefix) => {
      store.asked.push(["list", prefix]);
      return answers.shift() ?? [];
    };
    replica.synchroniser.start();
    await time.advance(GIVEN_UP + 2 * RETRY + 100);
    expect(store.count("list")).toBe(2);
    first.resolve([]);
    await time.advance(0);
    expect(replica.synchroniser.down).toBe(false);
    second.resolve([{ key: "circuit:x", value: encode(isOpen(40)) }]);
    await time.advance(0);
    expect(breaker.changes).toBe(1);
    expect(replica.synchroniser.down).toBe(false);
  });

  test("and fails late during a retry is not retried sooner", async () => {
    const { replica, store, time } = watched();
    const first = deferred<StoreEntry[]>();
    store.get = never;
    store.list = (prefix) => {
      store.asked.push(["list", prefix]);
      return store.count("list") === 1 ? first.promise : new Promise(() => undefined);
    };
    replica.synchroniser.start();
    await time.advance(GIVEN_UP + 2 * RETRY);
    first.reject(new Error("too late"));
    await time.advance(RETRY);
    expect(store.count("list")).toBe(2);
  });

  test("on lists but answers other reads is slow, not down, until four lists in a row time out", async () => {
    const { replica, store, time, health } = watched();
    const times: number[] = [];
    store.list = () => {
      times.push(time.now() - NOW);
      return never();
    };
    replica.synchroniser.start();
    await time.advance(GIVEN_UP / 2 - 1);
    expect(store.count("get")).toBe(0);
    await time.advance(1);
    expect(store.asked.at(-1)).toEqual(["get", "circuit:"]);
    await time.advance(28_000);
    expect(replica.synchroniser.down).toBe(false);
    expect(health).toEqual([]);
    await time.advance(10_000);
    expect(replica.synchroniser.down).toBe(true);
    // Each is given up after 5 s, with longer and longer pauses between.
    expect(times.slice(0, 4)).toEqual([0, 6_600, 14_800, 26_200]);
    expect(health).toHaveLength(1);
  });

  test("is asked nothing else as long as lists come in time", async () => {
    const { replica, store, time } = watched();
    store.list = () => new Promise((done) => time.after(2_000, () => done([])));
    replica.synchroniser.start();
    await time.advance(10_000);
    expect(store.count("get")).toBe(0);
  });

  test.each([0, 4_500])("gets no longer timeout if this process slept %d ms after it asked", async (ms) => {
    const { replica, store, time } = watched();
    store.list = () => new Promise((done) => time.after(GIVEN_UP - 1, () => done([])));
    replica.synchroniser.start();
    await time.advance(ms);
    time.jumpWall(20_000);
    store.list = never;
    store.get = never;
    await time.advance(GIVEN_UP - 1 - ms);
    expect(replica.synchroniser.down).toBe(false);
    await time.advance(100 + GIVEN_UP);
    expect(replica.synchroniser.down).toBe(true);
  });

  test("that is slow keeps its longer timeout when this process was suspended", async () => {
    const { replica, store, time, health } = watched();
    let answerMs = 2 * GIVEN_UP;
    store.get = never;
    store.list = () => new Promise((done) => time.after(answerMs, () => done([])));
    replica.synchroniser.start();
    await time.advance(2 * GIVEN_UP);
    answerMs = GIVEN_UP + 1_000;
    for (let times = 0; times < 20; times++) {
      await time.advance(4_000);
      time.jumpWall(20_000);
    }
    await time.advance(10 * PUSHED_POLL);
    expect(health).toEqual([new StoreTimeoutError(GIVEN_UP), "up"]);
    expect(replica.synchroniser.down).toBe(false);
  });

  test("once and is then fast again gets the usual timeout again", async () => {
    const { replica, store, time } = watched();
    const list = store.list?.bind(store);
    store.list = () => new Promise((done) => time.after(2 * GIVEN_UP, () => done([])));
    replica.synchroniser.start();
    await time.advance(2 * GIVEN_UP);
    if (list) store.list = list;
    await time.advance(2 * PUSHED_POLL);
    store.list = never;
    store.get = never;
    replica.synchroniser.gap();
    await time.advance(100 + GIVEN_UP);
    expect(replica.synchroniser.down).toBe(true);
  });
});

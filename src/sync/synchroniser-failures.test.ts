import { describe, expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import type { StoreEntry } from "../stores/store.js";
import { deferred, isOpen, NOW, PUSHED_POLL, RETRY, watched } from "./replica.fixture.js";
import { StoreAnswerError, StoreTimeoutError } from "./with-deadline.js";

describe("a store that fails", () => {
  function failing(): ReturnType<typeof watched> & { mend(): void } {
    const set = watched();
    const list = set.store.list?.bind(set.store);
    set.store.list = (prefix) => {
      set.store.asked.push(["list", prefix]);
      throw new Error("refused");
    };
    return {
      ...set,
      mend() {
        if (list) set.store.list = list;
      },
    };
  }

  test("is down, which is told once, and is asked again after a while until it is up", async () => {
    const { replica, store, time, health, mend, breaker } = failing();
    replica.synchroniser.start();
    expect(replica.synchroniser.down).toBe(true);
    expect(health).toEqual([new Error("refused")]);
    await time.advance(RETRY - 1);
    expect(store.count("list")).toBe(1);
    await time.advance(1);
    expect(store.count("list")).toBe(2);
    mend();
    await time.advance(RETRY);
    expect(replica.synchroniser.down).toBe(false);
    expect(health).toEqual([new Error("refused"), "up"]);
    // Whatever was decided alone may be proposed now.
    expect(breaker.flushes).toBe(1);
    await time.advance(PUSHED_POLL);
    expect(breaker.flushes).toBe(1);
  });

  test("has what waits to be tried again proposed as soon as it is up", async () => {
    const { replica, time, mend, breaker } = failing();
    replica.synchroniser.start();
    replica.circuit("x").retry = () => undefined;
    mend();
    await time.advance(RETRY);
    expect(breaker.flushes).toBe(1);
  });

  test("leaves a gap: what is found afterwards may be of any age", async () => {
    const { replica, store, time, mend } = failing();
    mend();
    store.tells = false;
    replica.synchroniser.start();
    const list = store.list;
    store.list = () => {
      throw new Error("refused");
    };
    await time.advance(PUSHED_POLL);
    if (list) store.list = list;
    store.held.set("circuit:x", encode({ ...isOpen(40), until: time.wall() + RETRY + 300 }));
    await time.advance(RETRY);
    expect(replica.circuit("x").sighting?.deadline).toBe(time.now() + 300);
  });

  test("answers what is no list: that is a failure, and so is a list that breaks off", () => {
    for (const answer of [
      7 as unknown as StoreEntry[],
      (function* (): Generator<StoreEntry> {
        yield { key: "circuit:x", value: encode(isOpen(40)) };
        throw new Error("broken off");
      })(),
    ]) {
      const { replica, store, health } = watched();
      store.list = () => answer;
      replica.synchroniser.start();
      expect(replica.synchroniser.down).toBe(true);
      expect(health).toHaveLength(1);
    }
  });

  test.each([{ key: "circuit:y", value: 7 }, { key: 7, value: "rubbish" }, null])(
    "lists an entry that is none, %j: that is told once, and the others are taken",
    async (broken) => {
      const { replica, store, time, health } = watched();
      const entries = [broken as unknown as StoreEntry, { key: "circuit:x", value: encode(isOpen(40)) }];
      store.list = () => entries;
      replica.synchroniser.start();
      expect(replica.circuit("x").sighting).not.toBeNull();
      expect(replica.synchroniser.down).toBe(false);
      await time.advance(3 * PUSHED_POLL);
      expect(health).toEqual([expect.any(StoreAnswerError)]);
      entries.shift();
      await time.advance(2 * PUSHED_POLL);
      expect(health).toEqual([expect.any(StoreAnswerError), "up"]);
    },
  );
});

describe("a store that hangs", () => {
  test("is given up after a second, and asked less and less often", async () => {
    const { replica, store, time, health } = watched();
    const times: number[] = [];
    store.list = () => {
      times.push(time.now() - NOW);
      return new Promise(() => undefined);
    };
    replica.synchroniser.start();
    await time.advance(999);
    expect(replica.synchroniser.down).toBe(false);
    await time.advance(1);
    expect(replica.synchroniser.down).toBe(true);
    expect(health).toEqual([new StoreTimeoutError(1_000)]);
    await time.advance(30_000);
    expect(times).toEqual([0, 2_600, 6_800, 14_200, 28_000]);
  });

  test("and then fails, is asked at the pace of one that answers", async () => {
    const { replica, store, time } = watched();
    let hangs = true;
    const times: number[] = [];
    store.list = () => {
      times.push(time.now() - NOW);
      if (!hangs) throw new Error("refused");
      return new Promise(() => undefined);
    };
    replica.synchroniser.start();
    await time.advance(1_000);
    hangs = false;
    await time.advance(2 * RETRY + RETRY);
    expect(times).toEqual([0, 2_600, 3_400]);
  });

  test("and then answers, hangs for the first time when it hangs again", async () => {
    const { replica, store, time } = watched();
    const list = store.list?.bind(store);
    const hang = (): Promise<StoreEntry[]> => {
      times.push(time.now() - NOW);
      return new Promise(() => undefined);
    };
    const times: number[] = [];
    store.list = hang;
    replica.synchroniser.start();
    await time.advance(1_000);
    if (list) store.list = list;
    await time.advance(2 * RETRY);
    store.list = hang;
    await time.advance(PUSHED_POLL + 1_000 + 2 * RETRY);
    expect(times).toEqual([0, 2_600 + PUSHED_POLL, 2_600 + PUSHED_POLL + 2_600]);
  });

  test("and answers late, is asked again sooner: it is back", async () => {
    const { replica, store, time } = watched();
    const answer = deferred<StoreEntry[]>();
    const list = store.list?.bind(store);
    store.list = () => answer.promise;
    replica.synchroniser.start();
    await time.advance(1_100);
    answer.reject(new Error("too late"));
    if (list) store.list = list;
    await time.advance(RETRY / 2 - 1);
    expect(replica.synchroniser.down).toBe(true);
    await time.advance(1);
    expect(replica.synchroniser.down).toBe(false);
  });

  test("and answers late while it is asked again already, or is up again, is asked no sooner", async () => {
    const { replica, store, time } = watched();
    const first = deferred<StoreEntry[]>();
    const second = deferred<StoreEntry[]>();
    const answers = [first.promise, second.promise];
    store.list = (prefix) => {
      store.asked.push(["list", prefix]);
      return answers.shift() ?? [];
    };
    replica.synchroniser.start();
    await time.advance(2_600);
    const { pending } = time;
    first.resolve([]);
    await time.advance(0);
    expect(time.pending).toBe(pending);
    await time.advance(1_000);
    // What it gave up since the store was heard of is one: twice the pause.
    await time.advance(2 * RETRY - 1);
    expect(store.count("list")).toBe(2);
    await time.advance(1);
    expect(store.count("list")).toBe(3);
    expect(replica.synchroniser.down).toBe(false);
    second.resolve([]);
    await time.advance(RETRY);
    expect(store.count("list")).toBe(3);
  });

  test("and answers late while the subscription is made anew, is asked no sooner", async () => {
    const { replica, store, time } = watched();
    const answer = deferred<StoreEntry[]>();
    store.list = (prefix) => {
      store.asked.push(["list", prefix]);
      return answer.promise;
    };
    store.watch = () => {
      throw new Error("refused");
    };
    replica.synchroniser.start();
    await time.advance(1_000);
    store.watch = () => new Promise(() => undefined);
    await time.advance(2 * RETRY);
    const { pending } = time;
    answer.resolve([]);
    await time.advance(0);
    expect(time.pending).toBe(pending);
    expect(store.count("list")).toBe(1);
  });
});

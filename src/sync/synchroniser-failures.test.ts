import { describe, expect, test } from "vitest";
import { StoreAnswerError } from "../errors/store-errors.js";
import type { StoreEntry } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import { isOpen, PUSHED_POLL, RETRY, watched } from "./replica.fixture.js";

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

  test("is down, which is reported once, and is retried until it is up", async () => {
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
    // Local decisions may be proposed now.
    expect(breaker.flushes).toBe(1);
    await time.advance(PUSHED_POLL);
    expect(breaker.flushes).toBe(1);
  });

  test("gets waiting proposals as soon as it is up", async () => {
    const { replica, time, mend, breaker } = failing();
    replica.synchroniser.start();
    replica.circuit("x").retry = () => undefined;
    mend();
    await time.advance(RETRY);
    expect(breaker.flushes).toBe(1);
  });

  test("leaves a gap: records found afterwards are of unknown age", async () => {
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
    expect(replica.circuit("x").cached?.deadline).toBe(time.now() + 300);
  });

  test("answers with no list, or with a list that breaks off: both count as failures", () => {
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
    "lists an invalid entry, %j: that is reported once, and the other entries are taken",
    async (broken) => {
      const { replica, store, time, health } = watched();
      const entries = [broken as unknown as StoreEntry, { key: "circuit:x", value: encode(isOpen(40)) }];
      store.list = () => entries;
      replica.synchroniser.start();
      expect(replica.circuit("x").cached).not.toBeNull();
      expect(replica.synchroniser.down).toBe(false);
      await time.advance(3 * PUSHED_POLL);
      expect(health).toEqual([expect.any(StoreAnswerError)]);
      entries.shift();
      await time.advance(2 * PUSHED_POLL);
      expect(health).toEqual([expect.any(StoreAnswerError), "up"]);
    },
  );
});

import { describe, expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import { KeyReader } from "./key-reader.js";
import { ListReader } from "./list-reader.js";
import { arrive, bench, isOpen, PUSHED_POLL } from "./replica.fixture.js";

const HOUR = 3_600_000;

/** Lists, and what their caller is told. */
function listing() {
  const set = bench();
  const { replica, store, time } = set;
  const overs: { ok: boolean; error?: unknown }[] = [];
  const lists = new ListReader(replica, new KeyReader(replica), {
    ended: (outcome) => void overs.push(outcome),
    tooSlow: () => undefined,
    slept: () => false,
    isNews: () => true,
    unpushed: () => undefined,
    isBack: () => undefined,
  });
  const read = () => {
    const { since } = lists;
    const asked = { sent: time.now(), adoptions: replica.adoptions, fresh: true, since };
    lists.read(asked);
    return asked;
  };
  /** The store lists changes from now on. */
  const listsChanges = (cursor: unknown): void => {
    const { list } = store;
    store.list = (prefix, since) => {
      void list?.(prefix);
      store.asked.push(["since", since]);
      return { entries: [], cursor } as never;
    };
  };
  return { ...set, lists, overs, read, listsChanges };
}

describe("where the next list continues", () => {
  test("is the cursor of the last list, if nothing was missed since that was asked for", () => {
    const { lists, read, listsChanges } = listing();
    listsChanges("c1");
    expect(lists.since).toBeUndefined();
    const first = read();
    expect(lists.since, "until it is known that nothing was missed").toBeUndefined();
    lists.nothingMissed(first);
    expect(lists.since).toBe("c1");
  });

  test("is nowhere for a store that gives no cursor, or none that is a string", () => {
    for (const cursor of [undefined, 7]) {
      const { lists, read, listsChanges } = listing();
      listsChanges(cursor);
      lists.nothingMissed(read());
      expect(lists.since).toBeUndefined();
    }
  });

  test("is told to the store, and only then: some stores count their arguments", () => {
    const { lists, read, listsChanges, store } = listing();
    listsChanges("c1");
    const { list } = store;
    const counts: number[] = [];
    store.list = (...args) => {
      counts.push(args.length);
      return list?.(...args) as never;
    };
    lists.nothingMissed(read());
    read();
    expect(counts).toEqual([1, 2]);
    expect(store.asked.filter(([verb]) => verb === "since").map(([, since]) => since)).toEqual([
      undefined,
      "c1",
    ]);
  });

  test("is the beginning again after an hour, counted from the last list of all, or when it is asked for", async () => {
    const { lists, read, listsChanges, time } = listing();
    listsChanges("c1");
    lists.nothingMissed(read());
    await time.advance(HOUR - 1);
    lists.nothingMissed(read());
    expect(lists.since).toBe("c1");
    await time.advance(1);
    expect(lists.since).toBeUndefined();
    lists.nothingMissed(read());
    expect(lists.since).toBe("c1");
    lists.listInFull();
    expect(lists.since).toBeUndefined();
  });
});

describe("a list of changes", () => {
  test("is over once the records that it says nothing of are read, too", () => {
    const { replica, lists, read, listsChanges, overs, store } = listing();
    store.held.set("circuit:x", encode(isOpen(40)));
    listsChanges("c1");
    lists.nothingMissed(read());
    arrive(replica, replica.circuit("x"), isOpen(40));
    read();
    store.get = (key) => {
      throw new Error(`no ${key}`);
    };
    read();
    expect(overs.map(({ ok }) => ok)).toEqual([true, true, false]);
  });
});

test("a list that can't be read in has failed with what it threw", () => {
  const { lists, read, overs, store } = listing();
  const error = new Error("no");
  const entries = [{ key: "circuit:x", value: "" }];
  Object.defineProperty(entries, 0, {
    get() {
      throw error;
    },
  });
  store.list = () => ({ entries, cursor: "c1" }) as never;
  lists.nothingMissed(read());
  expect(overs).toEqual([{ ok: false, error }]);
  expect(lists.since).toBeUndefined();
});

test("a list is asked for everything, and after that, where the store can tell, for what changed since", async () => {
  const { replica, store, time } = bench();
  const asked: unknown[][] = [];
  store.list = (...args) => {
    asked.push(args);
    return { entries: [], cursor: "c1" };
  };
  replica.synchroniser.start();
  await time.advance(PUSHED_POLL);
  expect(asked).toEqual([[""], ["", "c1"]]);
});

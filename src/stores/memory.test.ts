import { describe, expect, test } from "vitest";
import type { StoreEntry, StoreListing, StoreWatcher, SwapResult } from "../options/store.js";
import { storeContract } from "../testing/store-contract.js";
import { memoryStore } from "./memory.js";

const CAPACITY = 20_000;

/** The verbs of a store that answers synchronously. */
interface AtOnce {
  get(key: string): unknown;
  set(key: string, value: string, ttlMs: number): undefined;
  delete(key: string): undefined;
  swap(key: string, expect: string | null, value: string, ttlMs: number): SwapResult;
  list(
    prefix: string,
    since?: string,
  ): StoreListing & { readonly entries: StoreEntry[]; readonly cursor: string };
  watch(prefix: string, on: StoreWatcher): AsyncDisposable;
}

/** A store, and its clock. */
function setUp(): { time: { ms: number }; store: AtOnce } {
  const time = { ms: 1_000 };
  return { time, store: memoryStore({ clock: { wall: () => time.ms } }) as AtOnce };
}

const hears = (change: StoreWatcher["change"], gap: StoreWatcher["gap"] = () => {}): StoreWatcher => ({
  change,
  gap,
});

describe("memoryStore() passes the store contract", () => {
  const store = memoryStore();
  for (const { name, run } of storeContract(() => store)) test.concurrent(name, run, 30_000);
});

describe("memoryStore()", () => {
  test("returns no promise from any operation", () => {
    const { store } = setUp();
    expect(store.get("a")).toBe(null);
    expect(store.set("a", "1", 10)).toBe(undefined);
    expect(store.get("a")).toBe("1");
    expect(store.swap("a", "1", "2", 10)).toEqual({ ok: true, value: "2", now: 1_000 });
    expect(store.list("").entries).toEqual([{ key: "a", value: "2", now: 1_000 }]);
    expect(store.delete("a")).toBe(undefined);
    expect(store.get("a")).toBe(null);
    const watching = store.watch(
      "",
      hears(() => {}),
    );
    expect(watching).not.toHaveProperty("then");
    expect(watching[Symbol.asyncDispose]).toBeTypeOf("function");
  });

  test("uses the wall clock without a clock", () => {
    const store = memoryStore() as AtOnce;
    const before = Date.now();
    const result = store.swap("a", null, "1", 60_000);
    expect(result.now).toBeGreaterThanOrEqual(before);
    expect(result.now).toBeLessThanOrEqual(Date.now());
    expect(store.get("a")).toBe("1");
  });

  test("two stores share nothing", () => {
    const one = memoryStore() as AtOnce;
    one.set("a", "1", 60_000);
    expect(memoryStore().get("a")).toBe(null);
  });
});

describe("swap", () => {
  test("writes to an absent key only if nothing is expected", () => {
    const { store } = setUp();
    expect(store.swap("a", "x", "1", 10)).toEqual({ ok: false, value: null, now: 1_000 });
    expect(store.swap("a", null, "1", 10)).toEqual({ ok: true, value: "1", now: 1_000 });
    expect(store.swap("a", null, "2", 10)).toEqual({ ok: false, value: "1", now: 1_000 });
    expect(store.get("a")).toBe("1");
  });

  test("compares exactly, also the empty string", () => {
    const { store } = setUp();
    store.swap("a", null, "", 10);
    expect(store.swap("a", null, "1", 10)).toMatchObject({ ok: false, value: "" });
    expect(store.swap("a", "", "1", 10)).toMatchObject({ ok: true, value: "1" });
  });
});

describe("an expired record is absent", () => {
  test("in get, list and swap, as soon as its time is over", () => {
    const { time, store } = setUp();
    store.set("a", "1", 10);
    time.ms = 1_009;
    expect(store.get("a")).toBe("1");
    expect(store.list("").entries).toHaveLength(1);
    time.ms = 1_010;
    expect(store.list("").entries).toEqual([]);
    expect(store.get("a")).toBe(null);
    expect(store.swap("a", "1", "2", 10)).toEqual({ ok: false, value: null, now: 1_010 });
    expect(store.swap("a", null, "2", 10)).toEqual({ ok: true, value: "2", now: 1_010 });
  });

  test("unless a later write gave it a longer time", () => {
    const { time, store } = setUp();
    store.set("a", "1", 10);
    store.set("a", "2", 100);
    time.ms = 1_050;
    expect(store.get("a")).toBe("2");
  });
});

test("list returns keys that start with the prefix, taken literally", () => {
  const { store } = setUp();
  for (const key of ["a:1", "a:2", "A:1", "a%:1", "b:1", "__proto__", ""]) store.set(key, `of ${key}`, 10);
  expect(store.list("a:").entries.map(({ key }) => key)).toEqual(["a:1", "a:2"]);
  expect(store.list("a%").entries.map(({ key }) => key)).toEqual(["a%:1"]);
  expect(store.list("__").entries.map(({ value }) => value)).toEqual(["of __proto__"]);
  expect(store.list("").entries).toHaveLength(7);
});

describe("list since a cursor", () => {
  test("returns what was written after it, each key once, with the time", () => {
    const { store } = setUp();
    store.set("a", "1", 10);
    store.set("b", "1", 10);
    const { cursor, now } = store.list("");
    expect(now).toBe(1_000);
    expect(store.list("", cursor)).toEqual({ entries: [], now: 1_000, cursor });
    store.set("b", "2", 10);
    store.swap("b", "2", "3", 10);
    const changed = store.list("", cursor);
    expect(changed.entries).toEqual([{ key: "b", value: "3", now: 1_000 }]);
    expect(store.list("", changed.cursor).entries).toEqual([]);
  });

  test("returns everything and complete: true if the cursor is some thousand writes old, or of another store", () => {
    const { store } = setUp();
    store.set("a", "1", 10);
    const { cursor } = store.list("");
    for (let i = 0; i < 1_000; i++) store.set("b", `${i}`, 10);
    expect(store.list("", cursor)).not.toHaveProperty("complete");
    for (let i = 0; i < 1_000; i++) store.set("b", `${i}`, 10);
    expect(store.list("", cursor)).toMatchObject({ complete: true });
    expect(store.list("", cursor).entries).toHaveLength(2);
    expect(store.list("", setUp().store.list("").cursor)).toMatchObject({ complete: true });
  });
});

describe("watchers", () => {
  test("get every write under their prefix before it returns, with the store's clock", () => {
    const { store } = setUp();
    const seen: StoreEntry[] = [];
    store.watch(
      "a",
      hears((entry) => seen.push(entry)),
    );
    store.set("a", "1", 10);
    expect(seen).toEqual([{ key: "a", value: "1", now: 1_000 }]);
    store.set("b", "1", 10);
    store.swap("a", "wrong", "2", 10);
    expect(seen).toHaveLength(1);
    store.swap("a", "1", "2", 10);
    expect(seen.at(-1)).toEqual({ key: "a", value: "2", now: 1_000 });
  });

  test("find the changed value in the store", () => {
    const { store } = setUp();
    const found: unknown[] = [];
    store.watch(
      "",
      hears(({ key }) => found.push(store.get(key))),
    );
    store.set("a", "1", 10);
    expect(found).toEqual(["1"]);
  });

  test("get nothing for a delete, and never a gap", () => {
    const { store } = setUp();
    const heard: string[] = [];
    store.watch(
      "",
      hears(
        ({ value }) => heard.push(value),
        () => heard.push("gap"),
      ),
    );
    store.set("a", "1", 10);
    store.delete("a");
    expect(heard).toEqual(["1"]);
  });

  test("that throw affect neither the writer nor one another", () => {
    const { store } = setUp();
    const heard: string[] = [];
    store.watch(
      "",
      hears(() => {
        throw new Error("a watcher's own");
      }),
    );
    store.watch(
      "",
      hears(({ value }) => heard.push(value)),
    );
    store.set("a", "1", 10);
    expect(heard).toEqual(["1"]);
    expect(store.get("a")).toBe("1");
  });

  test("that have ended get nothing more, even if another watcher ends them during a write", async () => {
    const { store } = setUp();
    const heard: string[] = [];
    let second: AsyncDisposable | undefined;
    const first = store.watch(
      "",
      hears(({ value }) => {
        heard.push(`first ${value}`);
        void second?.[Symbol.asyncDispose]();
      }),
    );
    second = store.watch(
      "",
      hears(({ value }) => heard.push(`second ${value}`)),
    );
    store.set("a", "1", 10);
    await first[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    store.set("a", "2", 10);
    expect(heard).toEqual(["first 1"]);
  });
});

describe(`a store of ${CAPACITY} entries`, () => {
  test("drops the one that expires first when full", () => {
    const { store } = setUp();
    // Shuffled, so that the order of writes differs from the order of expiry.
    const ttlOf = (i: number) => 100_000 + ((i * 7_919 + 5) % CAPACITY);
    for (let i = 0; i < CAPACITY; i++) store.set(`k${i}`, "", ttlOf(i));
    const byExpiry = Array.from({ length: CAPACITY }, (_, i) => i).sort((a, b) => ttlOf(a) - ttlOf(b));
    const [first, second] = byExpiry.map((i) => `k${i}`);

    store.set(`${first}`, "renewed", 300_000);
    expect(store.list("").entries).toHaveLength(CAPACITY);
    expect(store.get(`${second}`)).toBe("");

    store.set("new", "", 1);
    expect(store.list("").entries).toHaveLength(CAPACITY);
    expect(store.get("new")).toBe("");
    expect(store.get(`${first}`)).toBe("renewed");
    expect(store.get(`${second}`)).toBe(null);
  });

  test("drops expired entries before live ones", () => {
    const { time, store } = setUp();
    store.set("brief", "", 10);
    for (let i = 1; i < CAPACITY; i++) store.set(`k${i}`, "", 100_000);
    time.ms = 1_010;
    store.set("new", "", 100_000);
    expect(store.list("").entries).toHaveLength(CAPACITY);
  });

  test("keeps the order right if entries are replaced again and again", () => {
    const { store } = setUp();
    for (let i = 0; i < CAPACITY; i++) store.set(`k${i}`, "", 100_000 + i);
    store.set("new", "", 500_000);
    for (let round = 0; round < 3; round++)
      for (let i = 1; i < CAPACITY; i++) store.set(`k${i}`, "", 200_000 + round * CAPACITY - i);
    store.set("newer", "", 500_000);
    expect(store.list("").entries).toHaveLength(CAPACITY);
    expect(store.get(`k${CAPACITY - 1}`)).toBe(null);
    expect(store.get(`k${CAPACITY - 2}`)).toBe("");
  });

  test("writes at about the same cost when full", () => {
    /** The fastest of twenty runs, so that other load on the machine does not matter. */
    function quickest(full: boolean): number {
      const { store } = setUp();
      if (full) for (let i = 0; i < CAPACITY + 1; i++) store.set(`k${i}`, "", 100_000);
      const times = Array.from({ length: 20 }, (_, run) => {
        const began = performance.now();
        for (let i = 0; i < 100; i++) store.set(`${run}:${i}`, "", 100_000);
        return performance.now() - began;
      });
      return Math.min(...times);
    }
    // A store that looks at all its entries takes about 500 times as long.
    expect(quickest(true) / quickest(false)).toBeLessThan(50);
  });

  test("also drops an entry if none of them expires", () => {
    const { store } = setUp();
    for (let i = 0; i <= CAPACITY; i++) store.set(`k${i}`, "", Number.POSITIVE_INFINITY);
    expect(store.list("").entries).toHaveLength(CAPACITY);
  });
});

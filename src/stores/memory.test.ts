import { describe, expect, test } from "vitest";
import { memoryStore } from "./memory.js";
import type { StoreEntry, StoreWatcher } from "./store.js";

const CAPACITY = 20_000;

/** A store, its clock, and its optional verbs, which this one always has. */
function setUp(): {
  time: { ms: number };
  store: ReturnType<typeof memoryStore>;
  swap: NonNullable<ReturnType<typeof memoryStore>["swap"]>;
  list: (prefix: string) => StoreEntry[];
  watch: (prefix: string, on: Partial<StoreWatcher>) => AsyncDisposable;
} {
  const time = { ms: 1_000 };
  const store = memoryStore({ clock: { wall: () => time.ms } });
  const { swap, list, watch } = store;
  if (!swap || !list || !watch) throw new Error("a verb is missing");
  return {
    time,
    store,
    swap,
    list: (prefix) => [...(list(prefix) as Iterable<StoreEntry>)],
    watch: (prefix, on) => watch(prefix, { change() {}, gap() {}, ...on }) as AsyncDisposable,
  };
}

describe("every verb answers at once", () => {
  test("no answer is a promise", () => {
    const { store, swap, list, watch } = setUp();
    expect(store.get("a")).toBe(null);
    expect(store.set("a", "1", 10)).toBe(undefined);
    expect(store.get("a")).toBe("1");
    expect(swap("a", "1", "2", 10)).toEqual({ ok: true, value: "2", now: 1_000 });
    expect(list("")).toEqual([{ key: "a", value: "2", now: 1_000 }]);
    expect(store.delete("a")).toBe(undefined);
    expect(store.get("a")).toBe(null);
    const watching = watch("", {});
    expect(watching).not.toHaveProperty("then");
    expect(watching[Symbol.asyncDispose]).toBeTypeOf("function");
  });

  test("without a clock it goes by the wall clock", () => {
    const store = memoryStore();
    const before = Date.now();
    const result = store.swap?.("a", null, "1", 60_000) as { now: number };
    expect(result.now).toBeGreaterThanOrEqual(before);
    expect(result.now).toBeLessThanOrEqual(Date.now());
    expect(store.get("a")).toBe("1");
  });

  test("two stores share nothing", () => {
    const one = memoryStore();
    one.set("a", "1", 60_000);
    expect(memoryStore().get("a")).toBe(null);
  });
});

describe("swap writes only over what is expected", () => {
  test("nothing, where nothing is expected", () => {
    const { swap, store } = setUp();
    expect(swap("a", "x", "1", 10)).toEqual({ ok: false, value: null, now: 1_000 });
    expect(swap("a", null, "1", 10)).toEqual({ ok: true, value: "1", now: 1_000 });
    expect(swap("a", null, "2", 10)).toEqual({ ok: false, value: "1", now: 1_000 });
    expect(store.get("a")).toBe("1");
  });

  test("exactly the value expected, the empty one too", () => {
    const { swap } = setUp();
    swap("a", null, "", 10);
    expect(swap("a", null, "1", 10)).toMatchObject({ ok: false, value: "" });
    expect(swap("a", "", "1", 10)).toMatchObject({ ok: true, value: "1" });
  });
});

describe("what has expired is absent", () => {
  test("to get, list and swap, from its last millisecond on", () => {
    const { time, store, swap, list } = setUp();
    store.set("a", "1", 10);
    time.ms = 1_009;
    expect(store.get("a")).toBe("1");
    expect(list("")).toHaveLength(1);
    time.ms = 1_010;
    expect(list("")).toEqual([]);
    expect(store.get("a")).toBe(null);
    expect(swap("a", "1", "2", 10)).toEqual({ ok: false, value: null, now: 1_010 });
    expect(swap("a", null, "2", 10)).toEqual({ ok: true, value: "2", now: 1_010 });
  });

  test("a later write counts its own time", () => {
    const { time, store } = setUp();
    store.set("a", "1", 10);
    store.set("a", "2", 100);
    time.ms = 1_050;
    expect(store.get("a")).toBe("2");
  });
});

test("list gives what starts with the prefix, taken literally", () => {
  const { store, list } = setUp();
  for (const key of ["a:1", "a:2", "A:1", "a%:1", "b:1", "__proto__", ""]) store.set(key, `of ${key}`, 10);
  expect(list("a:").map(({ key }) => key)).toEqual(["a:1", "a:2"]);
  expect(list("a%").map(({ key }) => key)).toEqual(["a%:1"]);
  expect(list("__").map(({ value }) => value)).toEqual(["of __proto__"]);
  expect(list("")).toHaveLength(7);
});

describe("watchers", () => {
  test("are told of every write under their prefix before it returns, with the store's clock", () => {
    const { store, swap, watch } = setUp();
    const seen: StoreEntry[] = [];
    watch("a", { change: (entry) => seen.push(entry) });
    store.set("a", "1", 10);
    expect(seen).toEqual([{ key: "a", value: "1", now: 1_000 }]);
    store.set("b", "1", 10);
    swap("a", "wrong", "2", 10);
    expect(seen).toHaveLength(1);
    swap("a", "1", "2", 10);
    expect(seen.at(-1)).toEqual({ key: "a", value: "2", now: 1_000 });
  });

  test("find the value they are told of in the store", () => {
    const { store, watch } = setUp();
    const found: unknown[] = [];
    watch("", { change: ({ key }) => found.push(store.get(key)) });
    store.set("a", "1", 10);
    expect(found).toEqual(["1"]);
  });

  test("hear nothing of a delete, and never of a gap", () => {
    const { store, watch } = setUp();
    const heard: string[] = [];
    watch("", { change: ({ value }) => heard.push(value), gap: () => heard.push("gap") });
    store.set("a", "1", 10);
    store.delete("a");
    expect(heard).toEqual(["1"]);
  });

  test("that throw harm neither the writer nor one another", () => {
    const { store, watch } = setUp();
    const heard: string[] = [];
    watch("", {
      change() {
        throw new Error("a watcher's own");
      },
    });
    watch("", { change: ({ value }) => heard.push(value) });
    store.set("a", "1", 10);
    expect(heard).toEqual(["1"]);
    expect(store.get("a")).toBe("1");
  });

  test("that have ended hear nothing more, even where another ended them in between", async () => {
    const { store, watch } = setUp();
    const heard: string[] = [];
    let second: AsyncDisposable | undefined;
    const first = watch("", {
      change({ value }) {
        heard.push(`first ${value}`);
        void second?.[Symbol.asyncDispose]();
      },
    });
    second = watch("", { change: ({ value }) => heard.push(`second ${value}`) });
    store.set("a", "1", 10);
    await first[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    store.set("a", "2", 10);
    expect(heard).toEqual(["first 1"]);
  });
});

describe(`it holds ${CAPACITY} entries`, () => {
  test("and when it is full, the one that would expire first makes room", () => {
    const { store, list } = setUp();
    for (let i = 0; i < CAPACITY; i++) store.set(`k${i}`, "", 100_000 + ((i * 7_919) % CAPACITY));
    const soonest = list("").find(({ key }) => (Number(key.slice(1)) * 7_919) % CAPACITY === 0)?.key ?? "";
    expect(store.get(soonest)).toBe("");
    store.set("k0", "again", 200_000);
    expect(list("")).toHaveLength(CAPACITY);
    store.set("new", "", 1);
    expect(store.get("new")).toBe("");
    expect(list("")).toHaveLength(CAPACITY);
    expect(store.get(soonest === "k0" ? "never" : soonest)).toBe(null);
  });

  test("and what has expired goes before anything that lives", () => {
    const { time, store, list } = setUp();
    store.set("brief", "", 10);
    for (let i = 1; i < CAPACITY; i++) store.set(`k${i}`, "", 100_000);
    time.ms = 1_010;
    store.set("new", "", 100_000);
    expect(list("")).toHaveLength(CAPACITY);
  });

  test("for ever too", () => {
    const { store, list } = setUp();
    for (let i = 0; i <= CAPACITY; i++) store.set(`k${i}`, "", Number.POSITIVE_INFINITY);
    expect(list("")).toHaveLength(CAPACITY);
  });
});

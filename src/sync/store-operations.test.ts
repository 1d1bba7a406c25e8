import { describe, expect, test } from "vitest";
import { StoreAnswerError } from "../errors/store-errors.js";
import type { Store, SwapResult } from "../options/store.js";
import { handStore } from "./replica.fixture.js";
import { isEntry, listing, read, swap } from "./store-operations.js";

const answering = (value: unknown): Store => ({
  get: () => value as string,
  set: () => undefined,
  delete: () => undefined,
  swap: () => value as SwapResult,
});

describe("get", () => {
  test.each([
    ["a string", "r", "r"],
    ["the empty string", "", ""],
    ["null", null, null],
    ["nothing", undefined, null],
  ])("takes %s, with or without a promise", async (_, answer, taken) => {
    expect(read(answering(answer), "k")).toBe(taken);
    await expect(read(answering(Promise.resolve(answer)), "k")).resolves.toBe(taken);
  });

  test.each([
    ["number", 7],
    ["boolean", true],
    ["object", {}],
    ["an array", ["r"]],
  ])("refuses %s", async (kind, answer) => {
    const error = new StoreAnswerError(
      `the store's get() answered ${kind}; it takes a string, null or undefined`,
    );
    expect(() => read(answering(answer), "k")).toThrow(error);
    await expect(read(answering(Promise.resolve(answer)), "k")).rejects.toThrow(error);
  });
});

describe("swap", () => {
  test("is passed to the store unchanged", () => {
    const store = handStore({ wall: () => 0 });
    store.held.set("k", "old");
    expect(swap(store, "k", "old", "new", 9)).toMatchObject({ ok: true, value: "new" });
    expect(store.asked).toEqual([["swap", "k", "old", "new", 9]]);
  });

  test.each([
    { ok: true, value: "r" },
    { ok: false, value: null },
    { ok: false, value: "r", now: 7 },
  ])("takes the answer %o, with or without a promise", async (answer) => {
    expect(swap(answering(answer), "k", null, "r", 1)).toBe(answer);
    await expect(swap(answering(Promise.resolve(answer)), "k", null, "r", 1)).resolves.toBe(answer);
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["boolean", true],
    ["an array", []],
    ["object", { ok: "yes", value: "r" }],
    ["object", { ok: true }],
    ["object", { ok: true, value: 7 }],
  ])("refuses the answer %s: %o", (kind, answer) => {
    expect(() => swap(answering(answer), "k", null, "r", 1)).toThrow(
      new StoreAnswerError(
        `the store's swap() answered ${kind}; it takes { ok: boolean, value: string | null, now?: number }`,
      ),
    );
  });
});

describe("without swap the value is read, compared and written", () => {
  function plain(): ReturnType<typeof handStore> {
    const store = handStore({ wall: () => 0 });
    delete store.swap;
    return store;
  }

  test("if the store holds the expected value", () => {
    const store = plain();
    expect(swap(store, "k", null, "new", 9)).toEqual({ ok: true, value: "new" });
    expect(store.asked).toEqual([
      ["get", "k"],
      ["set", "k", "new", 9],
    ]);
  });

  test("unless the store holds another value, which is the answer", () => {
    const store = plain();
    store.held.set("k", "theirs");
    expect(swap(store, "k", null, "new", 9)).toEqual({ ok: false, value: "theirs" });
    expect(store.count("set")).toBe(0);
  });

  test("and the answer comes after the write", async () => {
    const store: Store = { ...plain(), get: async () => null, set: async () => "OK" };
    await expect(swap(store, "k", null, "new", 9)).resolves.toEqual({ ok: true, value: "new" });
  });
});

test("an entry needs a key and a value, both strings", () => {
  expect(isEntry({ key: "k", value: "v" })).toBe(true);
  for (const other of [null, undefined, 7, "kv", {}, { key: "k" }, { value: "v" }, { key: 1, value: "v" }])
    expect(isEntry(other)).toBe(false);
});

describe("list", () => {
  const entry = { key: "k", value: "r" };

  test("takes an array, or any other iterable", () => {
    expect(listing([entry])).toEqual({ entries: [entry] });
    const some = new Set([entry]);
    expect(listing(some).entries).toBe(some);
  });

  test("keeps the clock, the cursor and complete from the answer", () => {
    const answer = { entries: [entry], now: 7, cursor: "c", complete: true };
    expect(listing(answer)).toEqual(answer);
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["number", 7],
    ["object", {}],
    ["object", { entries: {} }],
    ["object", { entries: null }],
  ])("refuses %s", (kind, answer) => {
    expect(() => listing(answer)).toThrow(
      new StoreAnswerError(
        `the store's list() answered ${kind}; it takes an iterable of entries, or { entries, now?: number, cursor?: string }`,
      ),
    );
  });
});

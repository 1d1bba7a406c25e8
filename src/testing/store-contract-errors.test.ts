import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Store } from "../options/store.js";
import { memoryStore } from "../stores/memory.js";
import { caseOf, plainGet } from "./contract-case.fixture.js";
import { StoreContractError, type StoreContractOptions, type StoreHandle, storeContract } from "./index.js";
import { listsEverything } from "./store-contract/wrong-cursors.fixture.js";

/** The error of one case on a memory store with some verbs replaced. */
async function errorOf(name: string, verbs: object): Promise<StoreContractError> {
  const error: unknown = await caseOf(name, () => ({ ...memoryStore(), ...verbs }))
    .run()
    .catch((reason: unknown) => reason);
  if (error instanceof StoreContractError) return error;
  throw new Error(`Expected a StoreContractError, got ${String(error)}.`);
}

describe("an error", () => {
  test("has a code, the verb, what was expected and what came", async () => {
    const error = await errorOf("set: what was set is what get gives, to every handle", {
      get: () => "else",
    });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "StoreContractError",
      code: "ERR_FAILFAST_STORE_CONTRACT",
      verb: "get",
      expected: '"from here" right after setting it',
      got: '"else"',
      message: 'get: expected "from here" right after setting it, got "else"',
    });
  });

  test("of the driver is reported with its method, and is the cause", async () => {
    const cause = new Error("connect ECONNREFUSED 127.0.0.1:6379");
    for (const get of [
      () => Promise.reject(cause),
      () => {
        throw cause;
      },
    ]) {
      const error = await errorOf(plainGet, { get });
      expect(error.message).toBe("get: expected an answer, got Error: connect ECONNREFUSED 127.0.0.1:6379");
      expect(error.cause).toBe(cause);
    }
  });

  test("about long values says how long they are and where they differ", async () => {
    const error = await errorOf("values: 100 kB", { get: () => `${"0123456789".repeat(10)}!` });
    expect(error.message.length).toBeLessThan(500);
    expect(error.expected).toContain("(102402 characters in all)");
    expect(error.got).toMatch(/\(103 characters in all\), which differs from character 100 on$/);
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;

  test.each<[string, object, string]>([
    ["get that gives no string", { get: () => 5 }, "get: expected a string, null or undefined, got 5"],
    [
      "get that gives a buffer",
      { get: () => ({ type: "Buffer", data: [1] }) },
      'got {"type":"Buffer","data":[1]}',
    ],
    ["get that gives a value without JSON", { get: () => cyclic }, "got [object Object]"],
  ])("reports a %s", async (_, verbs, message) => {
    expect((await errorOf(plainGet, verbs)).message).toContain(message);
  });

  test.each<[string, unknown, string]>([
    ["nothing", undefined, "swap: expected { ok: boolean, value: string or null }, got undefined"],
    ["no ok", { ok: 1, value: "x" }, 'got {"ok":1,"value":"x"}'],
    ["no value", { ok: false }, 'got {"ok":false}'],
    [
      "a now that is no number",
      { ok: false, value: null, now: "1" },
      "swap: expected a now in ms since the epoch",
    ],
    ["a now that is NaN", { ok: false, value: null, now: Number.NaN }, "got NaN"],
    ["a now in seconds", { ok: false, value: null, now: 1_767_225_600 }, "got 1767225600"],
    ["a now in microseconds", { ok: false, value: null, now: 1_767_225_600_000_000 }, "got 1767225600000000"],
  ])("reports a swap that gives %s", async (_, result, message) => {
    const error = await errorOf("swap: expecting nothing where nothing is stored, it writes", {
      swap: () => result,
    });
    expect(error.message).toContain(message);
  });

  test.each<[string, unknown, string]>([
    ["nothing", undefined, "list: expected an iterable of entries, or { entries }, got undefined"],
    ["keys alone", ["a"], 'list: expected entries { key: string, value: string }, got "a"'],
    ["pairs", [["a", "b"]], 'got ["a","b"]'],
  ])("reports a list that gives %s", async (_, listed, message) => {
    const error = await errorOf("list: gives nothing where nothing is under the prefix", {
      list: () => listed,
    });
    expect(error.message).toContain(message);
  });

  test("reports a list that breaks off", async () => {
    const error = await errorOf("list: gives nothing where nothing is under the prefix", {
      *list() {
        yield { key: "a", value: "b" };
        throw new Error("cursor lost");
      },
    });
    expect(error.message).toBe("list: expected an answer, got Error: cursor lost");
  });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["a function", () => {}],
    ["a close method", { close() {} }],
  ])("reports a watch that gives %s", async (_, handle) => {
    const error = await errorOf("watch: is live once it resolves", { watch: () => handle });
    expect(error.message).toContain("watch: expected a handle with a method [Symbol.asyncDispose], got");
  });

  test("reports an invalid change", async () => {
    const error = await errorOf("watch: is live once it resolves", {
      watch(_: string, on: { change(entry: unknown): void }) {
        on.change("key");
        return { async [Symbol.asyncDispose]() {} };
      },
    });
    expect(error.message).toBe('watch: expected entries { key: string, value: string }, got "key"');
  });

  test("says how to leave out a verb that a store does not have", async () => {
    const error = await errorOf("list: gives what was swapped in", { swap: undefined });
    expect(error.message).toBe(
      "swap: expected a function, got undefined; where a store has no swap, leave it out of the option verbs",
    );
    const verbs = "verbs: the store has get, set, delete, swap, list, watch, and no others";
    expect((await errorOf(verbs, { list: undefined })).message).toBe(
      'list: expected "function" for a verb it must have, got "undefined"',
    );
    const fewer = caseOf("verbs: the store has get, set, delete, swap, and no others", () => memoryStore(), {
      verbs: ["swap"],
    });
    await expect(fewer.run()).rejects.toThrow(
      `list: expected "undefined" for a verb that option verbs doesn't name, got "function"`,
    );
  });
});

describe("fails the case after 10 s: a store that", () => {
  const [whatIsWrong, makeHandles, soonSettled = ""] = listsEverything;
  beforeEach(() => {
    vi.useFakeTimers();
    vi.resetModules();
  });
  afterEach(() => void vi.useRealTimers());

  test.each<[string, () => StoreHandle, string, string]>([
    [
      "never answers",
      () => ({ ...memoryStore(), get: () => new Promise<never>(() => {}) }),
      plainGet,
      "get: expected an answer, got Error: no answer within 10000 ms",
    ],
    [
      whatIsWrong,
      makeHandles(),
      soonSettled,
      "list: expected 0 records 10000 ms after the last write, since the newest cursor, got 200",
    ],
  ])("%s", async (_, makeStore, name, message) => {
    const { storeContract: fresh } = await import("./store-contract.js");
    const wrong = fresh(makeStore).find((each) => each.name === name);
    const failed = wrong?.run().catch(String);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await failed).toBe(`StoreContractError: ${message}`);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("an invalid argument throws, and the error says what it got", () => {
  test.each<[unknown, StoreContractOptions | undefined, Error]>([
    [
      memoryStore(),
      undefined,
      new TypeError("Expected makeStore to be a function that gives a store, got object."),
    ],
    [
      memoryStore,
      { verbs: ["swop"] } as unknown as StoreContractOptions,
      new TypeError("Expected option verbs to hold swap, list, watch, got swop."),
    ],
    [
      memoryStore,
      { ttlResolutionMs: 0 },
      new RangeError("Expected option ttlResolutionMs to be a number of ms above 0, got 0."),
    ],
    [
      memoryStore,
      { pushWithinMs: Number.NaN },
      new RangeError("Expected option pushWithinMs to be a number of ms above 0, got NaN."),
    ],
  ])("%o with %o", (makeStore, options, error) => {
    expect(() => storeContract(makeStore as () => Store, options)).toThrow(error);
  });
});

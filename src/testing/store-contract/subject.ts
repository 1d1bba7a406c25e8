/// <reference lib="esnext.disposable" preserve="true" />
import type {
  Awaitable,
  Store,
  StoreEntry,
  StoreListing,
  StoreWatcher,
  SwapResult,
} from "../../options/store.js";
import { StoreContractError, show } from "./error.js";
import { answeredWithin } from "./wait.js";

/** The methods that a store may leave out. */
export type OptionalVerb = "swap" | "list" | "watch";

/** A store under test: its methods, with every answer awaited and its form checked. */
export interface Subject {
  readonly store: Store;
  get(key: string): Promise<string | null>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  swap(key: string, expect: string | null, value: string, ttlMs: number): Promise<SwapResult>;
  list(prefix: string): Promise<StoreEntry[]>;
  /** The answer of `list`, in the longer of its two forms. */
  listing(prefix: string, since?: string): Promise<CheckedListing>;
  watch(prefix: string, on: StoreWatcher): Promise<AsyncDisposable>;
}

/** A list's answer, with its form checked. */
export interface CheckedListing extends StoreListing {
  readonly entries: readonly StoreEntry[];
}

const ANSWER_WITHIN_MS = 10_000;

/** Wraps a store for testing. */
export function subject(store: Store): Subject {
  const listing = async (prefix: string, since?: string): Promise<CheckedListing> => {
    const answered: unknown = await answer("list", () =>
      since === undefined ? optional(store, "list")(prefix) : optional(store, "list")(prefix, since),
    );
    return await answer("list", () => checkedListing(answered));
  };
  return {
    listing,
    store,
    async get(key) {
      const value = await answer("get", () => store.get(key));
      if (value === undefined || value === null || typeof value === "string") return value ?? null;
      throw new StoreContractError("get", "a string, null or undefined", show(value));
    },
    async set(key, value, ttlMs) {
      await answer("set", () => store.set(key, value, ttlMs));
    },
    async delete(key) {
      await answer("delete", () => store.delete(key));
    },
    async swap(key, expect, value, ttlMs) {
      const result: unknown = await answer("swap", () => optional(store, "swap")(key, expect, value, ttlMs));
      if (!isSwapResult(result)) {
        throw new StoreContractError("swap", "{ ok: boolean, value: string or null }", show(result));
      }
      checkNow("swap", result.now);
      return result;
    },
    list: async (prefix) => [...(await listing(prefix)).entries],
    async watch(prefix, on) {
      const handle: unknown = await answer("watch", () => optional(store, "watch")(prefix, on));
      if (!isDisposable(handle)) {
        throw new StoreContractError("watch", "a handle with a method [Symbol.asyncDispose]", show(handle));
      }
      return { [Symbol.asyncDispose]: () => answer("watch", () => handle[Symbol.asyncDispose]()) };
    },
  };
}

/** The entry unchanged; throws if it isn't one. */
export function checkedEntry(verb: string, entry: unknown): StoreEntry {
  if (!isEntry(entry))
    throw new StoreContractError(verb, "entries { key: string, value: string }", show(entry));
  checkNow(verb, entry.now);
  return entry;
}

function checkedListing(answered: unknown): CheckedListing {
  // An array has a method called entries.
  const listed = isObject(answered) && !isIterable(answered) ? answered : { entries: answered };
  const { entries, now, cursor, complete } = listed as Record<string, unknown>;
  if (!isIterable(entries)) {
    throw new StoreContractError("list", "an iterable of entries, or { entries }", show(answered));
  }
  checkNow("list", now);
  if (cursor !== undefined && typeof cursor !== "string") {
    throw new StoreContractError("list", "a cursor that is a string", show(cursor));
  }
  return {
    entries: [...entries].map((entry) => checkedEntry("list", entry)),
    ...(typeof now === "number" ? { now } : {}),
    ...(cursor === undefined ? {} : { cursor }),
    complete: complete === true,
  };
}

async function answer<T>(verb: string, ask: () => Awaitable<T>): Promise<T> {
  try {
    return await answeredWithin(ANSWER_WITHIN_MS, ask);
  } catch (error) {
    if (error instanceof StoreContractError) throw error;
    throw new StoreContractError(verb, "an answer", show(error), { cause: error });
  }
}

function optional<Verb extends OptionalVerb>(store: Store, verb: Verb): NonNullable<Store[Verb]> {
  const found = store[verb];
  if (found) return found.bind(store) as NonNullable<Store[Verb]>;
  throw new StoreContractError(
    verb,
    "a function",
    `undefined; where a store has no ${verb}, leave it out of the option verbs`,
  );
}

/** The store's clock may be wrong, so this only distinguishes milliseconds since the epoch from other units. */
function checkNow(verb: string, now: unknown): void {
  if (now === undefined) return;
  const ratio = typeof now === "number" ? now / Date.now() : Number.NaN;
  if (ratio > 0.5 && ratio < 2) return;
  throw new StoreContractError(verb, `a now in ms since the epoch, such as ${Date.now()}`, show(now));
}

function isSwapResult(value: unknown): value is SwapResult {
  if (!isObject(value)) return false;
  return typeof value["ok"] === "boolean" && (value["value"] === null || typeof value["value"] === "string");
}

function isEntry(value: unknown): value is StoreEntry {
  return isObject(value) && typeof value["key"] === "string" && typeof value["value"] === "string";
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return isObject(value) && typeof value[Symbol.iterator] === "function";
}

function isDisposable(value: unknown): value is AsyncDisposable {
  return isObject(value) && typeof value[Symbol.asyncDispose] === "function";
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}

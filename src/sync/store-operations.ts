import { StoreAnswerError } from "../errors/store-errors.js";
import type { Awaitable, Store, StoreEntry, StoreListing, SwapResult } from "../options/store.js";
import { isThenable } from "./with-deadline.js";

/** Reads one key. An answer that is neither a string nor empty is refused. */
export function read(store: Store, key: string): Awaitable<string | null> {
  return then(store.get(key), (value) => {
    if (value === null || value === undefined) return null;
    if (typeof value === "string") return value;
    throw new StoreAnswerError(
      `the store's get() answered ${kind(value)}; it takes a string, null or undefined`,
    );
  });
}

/**
 * The store's compare-and-swap. If the store has none, the best replacement: read, compare, write. Then two processes
 * may both believe that they wrote.
 */
export function swap(
  store: Store,
  key: string,
  expect: string | null,
  value: string,
  ttlMs: number,
): Awaitable<SwapResult> {
  if (store.swap) return then(store.swap(key, expect, value, ttlMs), checkSwap);
  return then(read(store, key), (found) => {
    if (found !== expect) return { ok: false, value: found };
    return then(store.set(key, value, ttlMs), () => ({ ok: true, value }));
  });
}

function checkSwap(result: SwapResult): SwapResult {
  const answer: { ok?: unknown; value?: unknown } | null | undefined = result;
  const stored = answer?.value;
  if (typeof answer?.ok === "boolean" && (typeof stored === "string" || stored === null)) return result;
  throw new StoreAnswerError(
    `the store's swap() answered ${kind(result)}; it takes { ok: boolean, value: string | null, now?: number }`,
  );
}

/** The answer of a list, in the longer of its two forms. */
export function listing(answer: unknown): StoreListing {
  if (isIterable(answer)) return { entries: answer };
  const { entries, ...rest } = (answer ?? {}) as { entries?: unknown };
  if (isIterable(entries)) return { entries, ...rest };
  throw new StoreAnswerError(
    `the store's list() answered ${kind(answer)}; it takes an iterable of entries, or { entries, now?: number, cursor?: string }`,
  );
}

function isIterable(value: unknown): value is Iterable<StoreEntry> {
  return typeof (value as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator] === "function";
}

/** Whether an entry of a list or a push has the right form. */
export function isEntry(entry: unknown): entry is StoreEntry {
  const { key, value } = (entry ?? {}) as { key?: unknown; value?: unknown };
  return typeof key === "string" && typeof value === "string";
}

/** Continues at once if the answer is not a promise, so that a synchronous store stays synchronous. */
function then<T, U>(answer: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return isThenable(answer) ? Promise.resolve(answer).then(next) : next(answer);
}

const kind = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;

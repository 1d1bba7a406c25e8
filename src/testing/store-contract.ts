import { isClass } from "../options/format-value.js";
import type { Awaitable } from "../options/store.js";
import { basicCases } from "./store-contract/basics.js";
import { contentionCases } from "./store-contract/contention.js";
import { cursorCases, cursorSwapCases } from "./store-contract/cursor.js";
import { same } from "./store-contract/error.js";
import { expiryCases, swapExpiryCases } from "./store-contract/expiry.js";
import { type Cases, type StoreHandle, withFixture } from "./store-contract/fixture.js";
import { keyCases } from "./store-contract/keys.js";
import { listCases, listSwapCases } from "./store-contract/list.js";
import { siblingCases, siblingListCases, siblingWatchCases } from "./store-contract/sibling.js";
import type { OptionalVerb } from "./store-contract/subject.js";
import { swapCases } from "./store-contract/swap.js";
import { valueCases, valueSwapCases } from "./store-contract/values.js";
import { watchCases, watchSwapCases } from "./store-contract/watch.js";

/** One case of the store contract, for any test runner: `test(name, run)`. */
export interface StoreContractCase {
  readonly name: string;
  /** Rejects with a `StoreContractError` if the store breaks the contract. */
  readonly run: () => Promise<void>;
}

/** What the suite has to know about a store. */
export interface StoreContractOptions {
  /**
   * The optional methods that the store has. Their cases are included, and one case checks that the store has these and
   * no others. Default: all three, `swap`, `list` and `watch`.
   */
  readonly verbs?: readonly OptionalVerb[];
  /**
   * How exact the store's expiry is, in ms: a value must exist for its whole time to live, and must be gone within
   * twice this after it. For a store that counts whole seconds, 1000. Default: 1.
   */
  readonly ttlResolutionMs?: number;
  /** How long a change may take to reach a watcher, in ms. Default: 2000. */
  readonly pushWithinMs?: number;
}

const OPTIONAL_VERBS: readonly OptionalVerb[] = ["swap", "list", "watch"];
const REQUIRED_VERBS = ["get", "set", "delete"] as const;

const GROUPS: readonly { readonly needs: readonly OptionalVerb[]; readonly cases: Cases }[] = [
  { needs: [], cases: basicCases },
  { needs: [], cases: keyCases },
  { needs: [], cases: valueCases },
  { needs: [], cases: expiryCases },
  { needs: ["swap"], cases: swapCases },
  { needs: ["swap"], cases: valueSwapCases },
  { needs: ["swap"], cases: swapExpiryCases },
  { needs: ["swap"], cases: contentionCases },
  { needs: ["list"], cases: listCases },
  { needs: ["list", "swap"], cases: listSwapCases },
  { needs: ["list"], cases: cursorCases },
  { needs: ["list", "swap"], cases: cursorSwapCases },
  { needs: ["watch"], cases: watchCases },
  { needs: ["watch", "swap"], cases: watchSwapCases },
  { needs: [], cases: siblingCases },
  { needs: ["list"], cases: siblingListCases },
  { needs: ["watch"], cases: siblingWatchCases },
];

/**
 * The suite that every store driver passes, as a list of cases for any test runner.
 *
 * With vitest (jest and bun take the same line):
 * ```ts
 * import { storeContract } from "failfast/testing";
 * import { describe, test } from "vitest";
 *
 * describe("myStore", () => {
 *   for (const { name, run } of storeContract(() => myStore(client))) test(name, run, 30_000);
 * });
 * ```
 *
 * With node:test:
 * ```ts
 * import { storeContract } from "failfast/testing";
 * import { describe, test } from "node:test";
 *
 * describe("myStore", () => {
 *   for (const { name, run } of storeContract(() => myStore(client))) test(name, { timeout: 30_000 }, run);
 * });
 * ```
 *
 * `makeStore` is called twice in every case, when it runs, for two handles of the same records, like those of two
 * processes. It returns a store, or `{ store, close }` if something has to be closed after the case. Every case uses
 * keys of its own, so that all cases may share one server, even at the same time. Only the keys `.`, `..`, `__proto__`,
 * `constructor`, `hasOwnProperty` and `toString` are used without a prefix.
 *
 * Cases of cursors check nothing if `list` returns none, and cases of siblings check nothing if the store has none.
 *
 * Throws a `TypeError` or a `RangeError` for an invalid argument.
 */
export function storeContract(
  makeStore: () => Awaitable<StoreHandle>,
  options: StoreContractOptions = {},
): readonly StoreContractCase[] {
  if (typeof makeStore !== "function" || isClass(makeStore))
    throw new TypeError(
      `Expected makeStore to be a function that gives a store, got ${isClass(makeStore) ? "a class" : typeof makeStore}.`,
    );
  const verbs = options.verbs ?? OPTIONAL_VERBS;
  for (const verb of verbs) {
    if (!OPTIONAL_VERBS.includes(verb)) {
      throw new TypeError(`Expected option verbs to hold ${OPTIONAL_VERBS.join(", ")}, got ${String(verb)}.`);
    }
  }
  const tolerance = {
    ttlResolutionMs: positive("ttlResolutionMs", options.ttlResolutionMs ?? 1),
    pushWithinMs: positive("pushWithinMs", options.pushWithinMs ?? 2_000),
  };
  const suite = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
  let runs = 0;

  return Object.entries(casesFor(verbs)).map(([name, run]) => ({
    name,
    run: () => {
      runs += 1;
      return withFixture(makeStore, `contract:${suite}:${runs}:`, tolerance, run);
    },
  }));
}

function casesFor(verbs: readonly OptionalVerb[]): Cases {
  const has = OPTIONAL_VERBS.filter((verb) => verbs.includes(verb));
  const made = GROUPS.filter(({ needs }) => needs.every((verb) => has.includes(verb)));
  return Object.assign(verbsCase(has), ...made.map(({ cases }) => cases));
}

function verbsCase(has: readonly OptionalVerb[]): Cases {
  const present: readonly string[] = [...REQUIRED_VERBS, ...has];
  return {
    [`verbs: the store has ${present.join(", ")}, and no others`]: async ({ here: { store } }) => {
      for (const verb of [...REQUIRED_VERBS, ...OPTIONAL_VERBS]) {
        const named = present.includes(verb);
        const when = named ? "for a verb it must have" : "for a verb that option verbs doesn't name";
        same(verb, typeof store[verb], named ? "function" : "undefined", when);
      }
    },
  };
}

function positive(option: string, ms: number): number {
  if (Number.isFinite(ms) && ms > 0) return ms;
  throw new RangeError(`Expected option ${option} to be a number of ms above 0, got ${String(ms)}.`);
}

import { describe, expect, test } from "vitest";
import type { Store } from "../options/store.js";
import { StoreContractError, type StoreContractOptions, type StoreHandle, storeContract } from "./index.js";
import { cursorStore } from "./store-contract/cursor-store.fixture.js";
import {
  type Backing,
  emptyBacking,
  laterTurn,
  mapStore,
  right,
} from "./store-contract/map-store.fixture.js";
import { listsEverything, wrongCursors } from "./store-contract/wrong-cursors.fixture.js";
import { wrongLists } from "./store-contract/wrong-lists.fixture.js";
import { wrongRecords } from "./store-contract/wrong-records.fixture.js";
import { siblingOf, wrongSiblings } from "./store-contract/wrong-siblings.fixture.js";
import { wrongSwaps } from "./store-contract/wrong-swaps.fixture.js";
import { wrongWatches } from "./store-contract/wrong-watches.fixture.js";

type Verbs = Omit<Required<Store>, "sibling">;

/** The same store as if behind a network: every answer takes a while, and pushes come late. */
function remoteStore(backing: Backing): Verbs {
  const store = mapStore(backing, {
    push: (entry, on) => void laterTurn().then(() => right.push(entry, on)),
  });
  return {
    get: (key) => laterTurn().then(() => store.get(key)),
    set: (...args) => laterTurn().then(() => store.set(...args)),
    delete: (key) => laterTurn().then(() => store.delete(key)),
    swap: (...args) => laterTurn().then(() => store.swap(...args)),
    list: (prefix) => laterTurn().then(() => store.list(prefix)),
    watch: (...args) => laterTurn().then(() => store.watch(...args)),
  };
}

function without(store: Verbs, ...verbs: ("swap" | "list" | "watch")[]): Store {
  return Object.fromEntries(
    Object.entries(store).filter(([verb]) => !verbs.some((each) => each === verb)),
  ) as Store & Record<string, unknown>;
}

/** Runs the cases at the same time, and returns the messages of those that failed. */
async function failures(makeStore: () => StoreHandle, options?: StoreContractOptions): Promise<string[]> {
  const cases = storeContract(makeStore, options);
  const outcomes = await Promise.allSettled(cases.map(({ run }) => run()));
  return outcomes.flatMap((outcome, at) =>
    outcome.status === "rejected" ? [`${cases[at]?.name}: ${String(outcome.reason)}`] : [],
  );
}

describe("a right store passes", () => {
  test.concurrent.each<[string, (shared: Backing) => StoreHandle, StoreContractOptions?]>([
    ["in this process", (shared) => mapStore(shared)],
    ["with a sibling", (shared) => ({ ...mapStore(shared), sibling: () => siblingOf(shared) })],
    ["with cursors", (shared) => cursorStore(shared)],
    ["behind a network", (shared) => remoteStore(shared)],
    ["whose clock is off", (shared) => mapStore(shared, { now: () => Date.now() - 3_600_000 })],
    ["without a clock", (shared) => mapStore(shared, { now: () => undefined })],
    ["without push", (shared) => without(mapStore(shared), "watch"), { verbs: ["swap", "list"] }],
    [
      "with the required verbs alone",
      (shared) => without(mapStore(shared), "swap", "list", "watch"),
      { verbs: [] },
    ],
    [
      "that counts in steps of 500 ms",
      (shared) =>
        mapStore(shared, { until: (ttlMs) => (Math.ceil((performance.now() + ttlMs) / 500) + 1) * 500 }),
      { ttlResolutionMs: 500 },
    ],
    [
      "that pushes a gap in place of a big value",
      (shared) =>
        mapStore(shared, {
          push: (entry, on) => (entry.value.length > 8_000 ? on.gap() : right.push(entry, on)),
        }),
    ],
  ])("%s", { timeout: 30_000 }, async (_, makeStore, options) => {
    // Each case gets its own store, because all cases use some common keys.
    const shared = emptyBacking();
    expect(await failures(() => makeStore(shared), options)).toEqual([]);
  });
});

const wrongStores = [
  ...wrongRecords,
  ...wrongSwaps,
  ...wrongLists,
  ...wrongCursors,
  ...wrongWatches,
  ...wrongSiblings,
];

describe("the contract finds a wrong store: one that", () => {
  test.concurrent.each(wrongStores)("%s", { timeout: 30_000 }, async (_, makeHandles, ...names) => {
    const cases = storeContract(makeHandles(), { pushWithinMs: 300 });
    await Promise.all(
      names.map(async (name) => {
        const found = cases.find((each) => each.name === name);
        if (!found) throw new Error(`There is no case "${name}".`);
        const error: unknown = await found.run().catch((reason: unknown) => reason);
        expect(error, name).toBeInstanceOf(StoreContractError);
        expect(String(error), "is wrong in the way it says").not.toMatch(
          /(Type|Reference|Range|Syntax)Error/,
        );
      }),
    );
  });

  test("takes milliseconds for something shorter, even if a busy machine could hide that its values live longer", async () => {
    const shared = emptyBacking();
    const store = mapStore(shared, { until: (ttlMs) => performance.now() + ttlMs / 1_000 });
    const found = storeContract(() => store, { ttlResolutionMs: 10_000 }).find(({ name }) =>
      name.startsWith("ttl: a value is there until its time is up"),
    );
    await expect(found?.run()).rejects.toBeInstanceOf(StoreContractError);
  });

  test("and no case is left without a store that fails it", () => {
    const failed = new Set([...wrongStores, listsEverything].flatMap(([, , ...names]) => names));
    const names = storeContract(() => mapStore(emptyBacking())).map(({ name }) => name);
    expect(names.filter((name) => !failed.has(name))).toEqual([]);
  });
});

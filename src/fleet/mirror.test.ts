import { afterEach, describe, expect, test, vi } from "vitest";
import type { StoreListing, StoreWatcher } from "../options/store.js";
import { memoryStore } from "../stores/memory.js";
import { type Fleet, observeFleet } from "./fleet.js";

let fleet: Fleet | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await fleet?.[Symbol.asyncDispose]();
});

const at = Date.now();
const recordOf = (revision: number, state: "open" | "closed"): string =>
  JSON.stringify({
    ...{ v: 1, revision, generation: revision, nonce: `n${revision}`, by: "web-1", reason: "TypeError", at },
    ...(state === "open" ? { state, until: at + 600_000, duration: 600_000 } : { state }),
  });
const entry = (revision: number, state: "open" | "closed", circuit = "a") => ({
  key: `circuit:${circuit}`,
  value: recordOf(revision, state),
});
const states = (): string[] | undefined =>
  fleet?.view().circuits.map(({ name, state }) => `${name} ${state}`);

/** A store whose lists and pushes the test controls. */
function byHand() {
  const lists: ((answer: StoreListing) => void)[] = [];
  let on: StoreWatcher | undefined;
  const store = {
    ...memoryStore(),
    list: () => new Promise<StoreListing>((answer) => lists.push(answer)),
    watch: async (_: string, watcher: StoreWatcher) => {
      on = watcher;
      return { [Symbol.asyncDispose]: async () => undefined };
    },
  };
  const push = (of: ReturnType<typeof entry>): void => on?.change(of);
  return { store, lists, push, lost: () => on?.lost?.(new Error("refused")), gap: () => on?.gap() };
}

describe("a change that is pushed while a list is read", () => {
  test("is kept, although the list was read before it", async () => {
    const { store, lists, push } = byHand();
    fleet = observeFleet(store);
    fleet.subscribe(() => undefined);
    await vi.waitFor(() => expect(lists).toHaveLength(1));
    push(entry(at, "open"));
    push(entry(at, "open", "b"));
    lists[0]?.({ entries: [entry(at - 5, "closed")] });
    await vi.waitFor(() => expect(states()).toEqual(["a open", "b open"]));
  });

  test("is replaced by a later write in the list, and an older push has no effect", async () => {
    const { store, lists, push } = byHand();
    fleet = observeFleet(store);
    fleet.subscribe(() => undefined);
    await vi.waitFor(() => expect(lists).toHaveLength(1));
    push(entry(at, "open"));
    lists[0]?.({ entries: [entry(at + 5, "closed")] });
    await vi.waitFor(() => expect(fleet?.view().store.latencyMs).toBeDefined());
    expect(states()).toEqual(["a closed"]);
    push(entry(at + 4, "open"));
    expect(states()).toEqual(["a closed"]);
  });
});

test.each([
  ["rejects", async () => Promise.reject(new Error("it is gone"))],
  [
    "throws",
    () => {
      throw new Error("it is gone");
    },
  ],
])("a watcher whose disposal %s, at once or later, causes no unhandled error", async (_, end) => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  try {
    let ends = 0;
    // A mock would handle the rejection.
    const handle = {
      [Symbol.asyncDispose]: () => {
        ends += 1;
        return end();
      },
    };
    let opened = (_handle: typeof handle): void => undefined;
    const late = new Promise<typeof handle>((done) => (opened = done));
    for (const watcher of [Promise.resolve(handle), late]) {
      const observed = observeFleet({ ...memoryStore(), watch: () => watcher });
      observed.subscribe(() => undefined);
      await new Promise(setImmediate);
      await observed[Symbol.asyncDispose]();
    }
    opened(handle);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(ends).toBe(2);
    expect(unhandled).not.toHaveBeenCalled();
  } finally {
    process.off("unhandledRejection", unhandled);
  }
});

test("a list that answers after the deadline counts, unless a later one answered before it", async () => {
  const { store, lists } = byHand();
  vi.useFakeTimers();
  fleet = observeFleet(store);
  fleet.subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(5_100);
  expect(fleet.view().store.up).toBe(false);
  lists[0]?.({ entries: [entry(at, "open")] });
  await vi.advanceTimersByTimeAsync(0);
  expect([states(), fleet.view().store.up]).toEqual([["a open"], true]);
  await vi.advanceTimersByTimeAsync(10_000);
  const late = lists.length - 2;
  lists[late + 1]?.({ entries: [entry(at + 2, "closed")] });
  await vi.advanceTimersByTimeAsync(0);
  lists[late]?.({ entries: [entry(at + 1, "open")] });
  await vi.advanceTimersByTimeAsync(0);
  expect(states()).toEqual(["a closed"]);
});

test("a push that is lost causes one list, however many attempts to connect fail, and one more when it is back", async () => {
  const { store, lists, lost, gap } = byHand();
  vi.useFakeTimers();
  fleet = observeFleet(store);
  fleet.subscribe(() => undefined);
  const answered = async (): Promise<number> => {
    for (let count = -1; count < lists.length; ) {
      count = lists.length;
      lists.at(-1)?.({ entries: [], now: at });
      await vi.advanceTimersByTimeAsync(1);
    }
    return lists.length;
  };
  const before = await answered();
  for (let attempt = 0; attempt < 5; attempt++) {
    lost();
    expect(await answered()).toBe(before + 1);
  }
  gap();
  expect(await answered()).toBe(before + 2);
  lost();
  expect(await answered()).toBe(before + 3);
});

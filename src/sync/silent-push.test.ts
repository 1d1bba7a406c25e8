import { expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import { closed, holdWritten, opened, type Stamp } from "../protocol/transition.js";
import { isClosed, listener, POLL, PUSHED_POLL, WALL, watched } from "./replica.fixture.js";

/** A subscription that is live, and a store in which somebody writes without pushing. */
function silent() {
  const set = watched();
  const { store, time } = set;
  const key = "circuit:x";
  const write = (revision: number): string => {
    store.held.set(key, encode(isClosed(revision)));
    return encode(isClosed(revision));
  };
  return {
    ...set,
    write,
    push: (revision: number) => store.watcher?.change({ key, value: write(revision) }),
    async listsIn(ms: number) {
      const before = store.count("list");
      await time.advance(ms);
      return store.count("list") - before;
    },
  };
}

test("two polls that find what was not pushed: it is polled each second, with one report", async () => {
  const { replica, time, health, write, listsIn } = silent();
  replica.synchroniser.start();
  for (const revision of [5, 6]) {
    write(revision);
    expect(await listsIn(PUSHED_POLL)).toBe(1);
  }
  expect(await listsIn(5 * POLL)).toBe(5);
  expect(health).toEqual([]);
  write(7);
  await time.advance(300 * POLL);
  expect(health).toEqual([
    ["limited", expect.objectContaining({ message: expect.stringMatching(/not pushed/) })],
  ]);
});

test("a folder that reports only this process's own writes is silent, too", async () => {
  const { replica, store, time, health, write, listsIn } = silent();
  replica.synchroniser.start();
  const entry = replica.circuit("x");
  for (const revision of [5, 7]) {
    write(revision);
    await listsIn(PUSHED_POLL);
    const own = encode(isClosed(revision + 1));
    entry.write = { nonce: `n${revision + 1}`, granted: () => undefined };
    store.held.set(entry.key, own);
    store.watcher?.change({ key: entry.key, value: own });
    entry.write = undefined;
  }
  expect(await listsIn(5 * POLL)).toBe(5);
  await time.advance(20 * POLL);
  expect(health).toHaveLength(1);
});

test("a push ends that", async () => {
  const { replica, write, push, listsIn } = silent();
  replica.synchroniser.start();
  for (const revision of [5, 6]) {
    write(revision);
    await listsIn(PUSHED_POLL);
  }
  push(7);
  await listsIn(POLL);
  expect(await listsIn(PUSHED_POLL - 1)).toBe(0);
});

test.each([
  [
    "a released hold",
    "hold:y",
    (stamp: Stamp) => holdWritten(stamp, "released", { duration: 0, reason: "" }),
  ],
  ["an opening that is over", "circuit:y", (stamp: Stamp) => opened(stamp, { duration: 1, reason: "" })],
])("no report: each list has %s of a circuit that nobody uses here", async (_, key, record) => {
  const { replica, store, health, listsIn } = silent();
  store.held.set(key, encode(record({ revision: 5, nonce: "n", now: WALL - 60_000, by: "other" })));
  replica.synchroniser.start();
  expect(await listsIn(10 * PUSHED_POLL)).toBe(10);
  expect(health).toEqual([]);
});

test("no report: each poll finds a write of this process whose answer was lost", async () => {
  const { replica, store, health, listsIn } = silent();
  replica.synchroniser.start();
  replica.subscribe("x", listener());
  for (const revision of [5, 6, 7]) {
    const own = closed({ revision, nonce: `n${revision}`, now: WALL, by: replica.identity }, "");
    store.held.set("circuit:x", encode(own));
    expect(await listsIn(PUSHED_POLL)).toBe(1);
  }
  expect(health).toEqual([]);
});

test("no report: other programs write into the store, and push nothing", async () => {
  const { replica, store, health, write, listsIn } = silent();
  store.foreign = true;
  replica.synchroniser.start();
  for (const revision of [5, 6, 7]) {
    write(revision);
    expect(await listsIn(PUSHED_POLL)).toBeGreaterThan(0);
  }
  expect(health).toEqual([]);
});

test("push that was reported as lost is polled for until it is live again, whatever still arrives", async () => {
  const { replica, store, push, listsIn } = silent();
  replica.synchroniser.start();
  store.watcher?.lost?.(new Error("cut off"));
  await listsIn(POLL);
  push(5);
  expect(await listsIn(5 * POLL)).toBe(5);
});

test("no report: a push comes a moment after the poll that brought the change, each time", async () => {
  const { replica, health, write, push, listsIn } = silent();
  replica.synchroniser.start();
  for (const revision of [5, 6, 7, 8]) {
    write(revision);
    expect(await listsIn(PUSHED_POLL)).toBe(1);
    push(revision);
  }
  expect(health).toEqual([]);
});

test.each([
  ["one message was lost, and the next one arrives", (push: (revision: number) => void) => push(6)],
  ["a gap was reported in between", (_: unknown, gap: () => void) => gap()],
])("no report: %s", async (_, between) => {
  const { replica, store, health, write, push, listsIn } = silent();
  replica.synchroniser.start();
  write(5);
  await listsIn(PUSHED_POLL);
  between(push, () => store.watcher?.gap());
  await listsIn(POLL);
  write(7);
  await listsIn(PUSHED_POLL);
  expect(await listsIn(2 * PUSHED_POLL)).toBe(2);
  expect(health).toEqual([]);
});

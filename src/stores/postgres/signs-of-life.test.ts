import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { safeWatcher } from "../shared/watcher.js";
import { listenForSigns } from "./signs-of-life.js";

const message = (value: string): string => JSON.stringify(["circuit:x", value, 1]);

/** A database and a client that listens in it, whose connection can go without a word. */
function database() {
  const channels = new Map<string, ((text: string) => void)[]>();
  const again: (() => void)[] = [];
  const its = {
    notified: 0,
    listening: () => [...channels.values()].flat().length,
    silent: false,
    refuses: false,
    /** The client has another connection now. */
    reconnect() {
      for (const listens of again) listens();
    },
    notify(channel: string, text: string) {
      if (!its.silent) for (const heard of channels.get(channel) ?? []) heard(text);
    },
    async query(_: string, [channel]: readonly unknown[] = []) {
      if (its.refuses) throw new Error("no connection");
      its.notified++;
      its.notify(String(channel), "");
      return [];
    },
    async listen(channel: string, heard: (text: string) => void, listens: () => void) {
      channels.set(channel, [...(channels.get(channel) ?? []), heard]);
      again.push(listens);
      listens();
      return async () =>
        channels.set(
          channel,
          (channels.get(channel) ?? []).filter((each) => each !== heard),
        );
    },
  };
  return its;
}

async function watching(its = database()) {
  const told: string[] = [];
  const watcher = safeWatcher("", {
    change: ({ value }) => told.push(value),
    gap: () => told.push("gap"),
    lost: (error) => told.push(`lost: ${(error as Error).message}`),
  });
  const handle = await listenForSigns(its.listen, its.query, "c", watcher);
  return { its, told, handle };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a client whose connection went without a word is lost within 9 s, and back with the next sign of life", async () => {
  const { its, told, handle } = await watching();
  its.notify("c", message("1"));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(["1"]);
  its.silent = true;
  await vi.advanceTimersByTimeAsync(9_000);
  expect(told.slice(0, 2)).toEqual(["1", "lost: no answer to a ping within 2000 ms"]);
  its.silent = false;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told.slice(1).filter((each) => each === "gap")).toEqual(["gap"]);
  its.notify("c", message("2"));
  expect(told.at(-1)).toBe("2");
  await handle[Symbol.asyncDispose]();
});

test("is lost at once if the store can't send the sign", async () => {
  const { its, told, handle } = await watching();
  its.refuses = true;
  await vi.advanceTimersByTimeAsync(7_000);
  expect(told[0]).toBe("lost: no connection");
  its.refuses = false;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(told.at(-1)).toBe("gap");
  await handle[Symbol.asyncDispose]();
});

test("is a gap if the client listens on another connection", async () => {
  const { its, told, handle } = await watching();
  its.reconnect();
  await vi.advanceTimersByTimeAsync(100);
  expect(told).toEqual(["lost: the client listens on another connection", "gap"]);
  await handle[Symbol.asyncDispose]();
});

test("asks once in some seconds, and not at all while there are notifications", async () => {
  const { its, handle } = await watching();
  const before = its.notified;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(its.notified - before).toBeGreaterThanOrEqual(10);
  expect(its.notified - before).toBeLessThanOrEqual(15);
  const busy = its.notified;
  for (let second = 0; second < 60; second++) {
    its.notify("c", message(String(second)));
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(its.notified).toBe(busy);
  await handle[Symbol.asyncDispose]();
});

test("one process asks for all that listen", async () => {
  const its = database();
  const handles = [await watching(its), await watching(its), await watching(its)];
  const before = its.notified;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(its.notified - before).toBeLessThanOrEqual(20);
  for (const { handle } of handles) await handle[Symbol.asyncDispose]();
});

test("leaves nothing behind: no listener, no timer", async () => {
  const { its, handle } = await watching();
  await handle[Symbol.asyncDispose]();
  expect([its.listening(), vi.getTimerCount()]).toEqual([0, 0]);
});

test("rejects if notifications don't arrive, and leaves nothing behind", async () => {
  const its = database();
  its.silent = true;
  const outcome = watching(its).then(
    () => "listens",
    (error: Error) => error.message,
  );
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await outcome).toMatch(/don't arrive/);
  expect([its.listening(), vi.getTimerCount()]).toEqual([0, 0]);
});

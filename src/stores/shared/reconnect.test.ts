import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { LinkEvents } from "./link.js";
import { keepConnected } from "./reconnect.js";
import { remember } from "./remember.fixture.js";
import { safeWatcher } from "./watcher.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

interface Opened extends LinkEvents {
  pings: number;
  destroyed: number;
}

function connecting(settings: { throws?: boolean; refused?: boolean } = {}) {
  const links: Opened[] = [];
  const seen = remember();
  const watcher = safeWatcher("", seen);
  const handle = keepConnected(
    (on) => {
      if (settings.throws) throw new Error("unfit options");
      const link = { ...on, pings: 0, destroyed: 0 };
      links.push(link);
      return {
        ping: async () => void link.pings++,
        destroy: () => void link.destroyed++,
      };
    },
    { watcher, refused: () => settings.refused ?? false },
  );
  handle.catch(() => undefined);
  const newest = (): Opened => {
    const link = links.at(-1);
    if (link === undefined) throw new Error("none was opened");
    return link;
  };
  return { links, seen, watcher, handle, newest };
}

describe("the first connection", () => {
  test("resolves once it is live, and not before", async () => {
    const { handle, newest } = connecting();
    let live = false;
    void handle.then(() => {
      live = true;
    });
    await vi.advanceTimersByTimeAsync(4_000);
    expect(live).toBe(false);
    newest().live();
    await (await handle)[Symbol.asyncDispose]();
    expect(newest().destroyed).toBe(1);
  });

  test("rejects if it is lost, and is not retried", async () => {
    const { handle, links, newest } = connecting();
    newest().lost(new Error("no way"));
    await expect(handle).rejects.toThrow("no way");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(links).toHaveLength(1);
    expect(newest().destroyed).toBe(1);
  });

  test("rejects if it can't be opened", async () => {
    await expect(connecting({ throws: true }).handle).rejects.toThrow("unfit options");
  });

  test("rejects after 5 s, and closes the connection", async () => {
    const { handle, newest } = connecting();
    await vi.advanceTimersByTimeAsync(5_000);
    await expect(handle).rejects.toThrow("no answer within 5000 ms");
    expect(newest().destroyed).toBe(1);
  });
});

describe("a connection", () => {
  test("that is lost is replaced, which is a gap once the new one is live", async () => {
    const { handle, links, newest, seen } = connecting();
    newest().live();
    newest().lost(new Error("gone"));
    await vi.advanceTimersByTimeAsync(50);
    expect([links.length, seen.gaps]).toEqual([2, 0]);
    newest().live();
    expect(seen.gaps).toBe(1);
    await (await handle)[Symbol.asyncDispose]();
  });

  test("that is lost at the moment it became live is replaced too", async () => {
    const { handle, links, newest } = connecting();
    newest().live();
    for (let round = 2; round <= 4; round++) {
      newest().lost(new Error("gone"));
      await vi.advanceTimersByTimeAsync(400);
      expect(links).toHaveLength(round);
      newest().live();
    }
    await (await handle)[Symbol.asyncDispose]();
  });

  test.each([
    ["to a server that is away is tried at least every 1.5 s", false, 36, 80],
    ["to a server that refuses is tried less and less often, up to twice a minute", true, 9, 14],
  ])("%s", async (_, refused, least, most) => {
    const { handle, links, newest } = connecting({ refused });
    newest().live();
    for (let seconds = 0; seconds < 60; seconds++) {
      newest().lost(new Error("no"));
      for (let step = 0; step < 10; step++) {
        await vi.advanceTimersByTimeAsync(100);
        newest().lost(new Error("no"));
      }
    }
    expect(links.length).toBeGreaterThanOrEqual(least);
    expect(links.length).toBeLessThanOrEqual(most);
    await (await handle)[Symbol.asyncDispose]();
  });

  test("that does not answer a check within 2 s is replaced", async () => {
    const { handle, links, newest } = connecting();
    newest().live();
    await vi.advanceTimersByTimeAsync(6_000);
    expect(newest().pings).toBe(1);
    newest().heard();
    await vi.advanceTimersByTimeAsync(6_000);
    expect([links.length, newest().pings]).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(2_100);
    expect(links.map(({ destroyed }) => destroyed)).toEqual([1, 0]);
    await (await handle)[Symbol.asyncDispose]();
  });

  test("that was replaced reports nothing more", async () => {
    const { handle, newest, seen, watcher } = connecting();
    const first = newest();
    first.live();
    first.heard(() => watcher.change({ key: "a", value: "1" }));
    first.lost(new Error("gone"));
    first.heard(() => watcher.change({ key: "a", value: "2" }));
    first.live();
    expect(seen.changes.map(({ value }) => value)).toEqual(["1"]);
    await (await handle)[Symbol.asyncDispose]();
    expect(first.destroyed).toBe(1);
  });
});

test("disposing of the handle ends everything at once, also between two attempts", async () => {
  const { handle, links, newest, seen, watcher } = connecting();
  newest().live();
  newest().lost(new Error("gone"));
  await (await handle)[Symbol.asyncDispose]();
  await vi.advanceTimersByTimeAsync(60_000);
  watcher.gap();
  expect([links.length, seen.gaps]).toEqual([1, 0]);
});

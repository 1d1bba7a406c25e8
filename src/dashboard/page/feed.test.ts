import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BEAT_MS } from "../messages.js";

/** A connection to a server that says nothing by itself. */
class Connection extends EventTarget {
  static all: Connection[] = [];
  readyState = 0;
  onerror: (() => void) | null = null;

  constructor() {
    super();
    Connection.all.push(this);
  }

  close(): void {
    this.readyState = 2;
  }

  says(type: string): void {
    this.dispatchEvent(new MessageEvent(type, { data: "{}" }));
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetModules();
  Connection.all = [];
  vi.stubGlobal("location", { pathname: "/" });
  vi.stubGlobal("document", new EventTarget());
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("BroadcastChannel", undefined);
  vi.stubGlobal("EventSource", Object.assign(Connection, { CLOSED: 2 }));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("a server that is slow to answer after a long silence is waited for", async () => {
  const { follow, connection } = await import("./feed.js");
  follow();
  Connection.all[0]?.says("beat");
  await vi.advanceTimersByTimeAsync(BEAT_MS * 5);
  expect(Connection.all).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(BEAT_MS * 2);
  expect(Connection.all).toHaveLength(2);
  const last = Connection.all.at(-1);
  expect(last?.readyState).toBe(0);
  last?.says("beat");
  expect(connection.value).toBe("live");
});

test("a server that never answers is asked again and again", async () => {
  const { follow, connection } = await import("./feed.js");
  follow();
  await vi.advanceTimersByTimeAsync(BEAT_MS * 30);
  expect(Connection.all.length).toBeGreaterThan(3);
  expect(Connection.all.filter(({ readyState }) => readyState === 0).length).toBeLessThanOrEqual(1);
  expect(connection.value).toBe("cut off");
});

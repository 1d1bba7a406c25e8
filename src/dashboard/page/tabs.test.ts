import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Channel, type Said, type Tab, Tabs } from "./tabs.js";

/** Tabs of one browser, each with what it did and took. */
class Browser {
  readonly #channels = new Set<Channel>();

  open(): Opened {
    const channel: Channel = {
      onmessage: null,
      postMessage: (message) => {
        const data = structuredClone(message);
        for (const other of [...this.#channels]) if (other !== channel) other.onmessage?.({ data } as never);
      },
    };
    this.#channels.add(channel);
    const opened = new Opened(channel, (hears) => void this.#channels[hears ? "add" : "delete"](channel));
    vi.advanceTimersByTime(1);
    opened.tabs.connect();
    return opened;
  }
}

class Opened implements Tab {
  readonly tabs: Tabs;
  readonly hear: (hears: boolean) => void;
  streams = 0;
  taken: unknown[] = [];
  /** How often something came from the server, and not from another tab's memory. */
  heard = 0;

  constructor(channel: Channel, hear: (hears: boolean) => void) {
    this.tabs = new Tabs(this, channel);
    this.hear = hear;
  }

  connect(): void {
    this.streams++;
  }

  disconnect(): void {
    this.streams--;
  }

  take(said: Said): void {
    this.heard++;
    this.remember(said);
  }

  remember({ data }: Said): void {
    this.taken.push(data);
  }

  everything(): Said[] {
    return this.taken.map((data) => ({ type: "change", data, id: "" }));
  }

  /** The server sends something to it. */
  receives(data: unknown): void {
    const said = { type: "change", data, id: "" };
    this.take(said);
    this.tabs.pass(said);
  }
}

const connected = (all: readonly Opened[]): number => all.reduce((sum, { streams }) => sum + streams, 0);

describe("tabs of one browser", () => {
  let browser: Browser;
  beforeEach(() => {
    vi.useFakeTimers();
    browser = new Browser();
  });
  afterEach(() => void vi.useRealTimers());

  /** So many tabs, the first of which has a connection. */
  function opened(count: number): readonly [Opened, ...Opened[]] {
    const first = browser.open();
    first.receives("all there is");
    return [first, ...Array.from({ length: count - 1 }, () => browser.open())];
  }

  test("share one connection, and all have the same data", () => {
    const all = opened(8);
    expect(connected(all)).toBe(1);
    all[0].receives("news");
    for (const { taken } of all) expect(taken).toEqual(["all there is", "news"]);
  });

  test("keep the first connection if they open at the same moment", () => {
    const all = [browser.open(), browser.open(), browser.open()];
    expect(connected(all)).toBe(3);
    all[2]?.receives("from the third");
    all[0]?.receives("from the first");
    expect(all.map(({ streams }) => streams)).toEqual([1, 0, 0]);
    all[0]?.receives("more");
    expect(all.map(({ taken }) => taken.at(-1))).toEqual(["more", "more", "more"]);
  });

  test("go on with another connection when the connected tab is closed", () => {
    const [first, ...others] = opened(4);
    first.tabs.leave();
    expect(first.streams).toBe(0);
    vi.advanceTimersByTime(200);
    expect(connected(others)).toBe(1);
    others.find(({ streams }) => streams === 1)?.receives("news");
    for (const { taken } of others) expect(taken.at(-1)).toBe("news");
  });

  test("go on when the connected tab crashes; a frozen tab's connection ends once it wakes up", () => {
    const [first, ...others] = opened(3);
    first.hear(false);
    for (const { tabs } of others) tabs.silentFor(5_000);
    expect(connected(others)).toBe(0);
    vi.advanceTimersByTime(10_000);
    others[0]?.tabs.silentFor(10_000);
    vi.advanceTimersByTime(200);
    expect(connected(others)).toBe(1);
    others[0]?.receives("news");
    // It was only frozen.
    first.hear(true);
    first.receives("late");
    expect([first, ...others].map(({ streams }) => streams)).toEqual([1, 0, 0]);
    first.receives("more");
    for (const { taken } of others) expect(taken.at(-1)).toBe("more");
  });

  test("connect themselves when the connected tab hears nothing, and stay connected until one does", () => {
    const [first, ...others] = opened(3);
    vi.advanceTimersByTime(8_000);
    for (const { tabs } of others) tabs.silentFor(8_000);
    vi.advanceTimersByTime(200);
    expect([first, ...others].map(({ streams }) => streams)).toEqual([1, 1, 1]);
    expect(others.map(({ taken }) => taken)).toEqual([["all there is"], ["all there is"]]);
    first.receives("it is back");
    expect([first, ...others].map(({ streams }) => streams)).toEqual([1, 0, 0]);
  });

  test("take what another tab remembers, but have not heard from the server then", () => {
    const [first, second] = opened(2);
    expect([second?.taken, second?.heard]).toEqual([["all there is"], 0]);
    first.receives("news");
    expect(second?.heard).toBe(1);
    // It slept, and the other one did not.
    vi.advanceTimersByTime(8_000);
    second?.hear(false);
    first.receives("more");
    second?.hear(true);
    second?.tabs.silentFor(8_000);
    vi.advanceTimersByTime(200);
    expect(second?.taken.at(-1)).toBe("more");
    second?.tabs.silentFor(8_200);
    vi.advanceTimersByTime(200);
    expect([second?.streams, second?.heard]).toEqual([0, 1]);
  });

  test("don't all connect at once when the connected tab falls silent", () => {
    const [first, ...others] = opened(20);
    first.hear(false);
    vi.advanceTimersByTime(8_000);
    for (const { tabs } of others) tabs.silentFor(8_000);
    expect(connected(others)).toBe(0);
    while (connected(others) === 0) vi.advanceTimersToNextTimer();
    expect(connected(others)).toBeLessThan(10);
    for (const each of others) if (each.streams === 1) each.receives("news");
    vi.advanceTimersByTime(200);
    expect(connected(others)).toBe(1);
  });

  test("connect when they come back, and each on its own without a channel", () => {
    const [first, second] = opened(2);
    second?.tabs.leave();
    second?.tabs.connect();
    expect(connected([first, second as Opened])).toBe(1);
    const alone = new Tabs(first, undefined);
    alone.connect();
    alone.pass({ type: "change", data: 1, id: "" });
    expect(alone.connected).toBe(true);
  });
});

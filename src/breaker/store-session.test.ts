import { describe, expect, test } from "vitest";
import { Events } from "../events/events.js";
import type { Clock } from "../runtime/clock.js";
import { bench, NOW } from "../sync/replica.fixture.js";
import { StoreSession } from "./store-session.js";

interface Clocks {
  readonly session: StoreSession;
  /** The times of the two clocks, which may differ. */
  readonly says: { now: number; coarse: number };
  /** How often the exact clock was read. */
  exact(): number;
  /** How often the process looked whether it was suspended. */
  drifts(): number;
}

function clocks(given: { coarse?: false; blocked?: (since: number) => number } = {}): Clocks {
  const { replica } = bench();
  const says = { now: NOW, coarse: NOW };
  let exact = 0;
  let drifts = 0;
  replica.synchroniser.checkDrift = () => void drifts++;
  const clock: Clock = {
    ...replica.clock,
    now: () => {
      exact++;
      return says.now;
    },
    ...(given.coarse === false ? {} : { coarse: () => says.coarse }),
    ...(given.blocked && { blocked: given.blocked }),
  };
  const session = new StoreSession(replica, clock, new Events(() => undefined), "my-host");
  exact = 0;
  return { session, says, exact: () => exact, drifts: () => drifts };
}

describe("isBefore()", () => {
  test("reads the coarse clock, and the exact one close to the deadline", () => {
    const { session, says, exact } = clocks();
    expect(session.isBefore(NOW + 1_000)).toBe(true);
    expect(exact()).toBe(0);
    says.now = NOW + 960;
    says.coarse = NOW + 949;
    expect(session.isBefore(NOW + 1_000)).toBe(true);
    expect(exact()).toBe(0);
    says.coarse = NOW + 950;
    expect(session.isBefore(NOW + 1_000)).toBe(true);
    expect(exact()).toBe(1);
    says.now = NOW + 1_000;
    expect(session.isBefore(NOW + 1_000)).toBe(false);
  });

  test("reads the exact clock every 64th time, because the coarse one stops in a loop that never yields", () => {
    const { session, says, exact } = clocks();
    says.now = NOW + 5_000;
    let before = 0;
    while (session.isBefore(NOW + 1_000)) before++;
    expect(before).toBe(63);
    expect(exact()).toBe(1);
  });

  test("never moves the last seen time back", () => {
    const { session, says } = clocks();
    says.now = NOW + 300;
    expect(session.look()).toBe(NOW + 300);
    expect(session.lookedAt).toBe(NOW + 300);
    session.isBefore(NOW + 1_000);
    expect(session.lookedAt).toBe(NOW + 300);
    says.coarse = NOW + 400;
    session.isBefore(NOW + 1_000);
    expect(session.lookedAt).toBe(NOW + 400);
  });

  test("reads the exact clock if there is no coarse one", () => {
    const { session, says, exact } = clocks({ coarse: false });
    says.now = NOW + 700;
    expect(session.isBefore(NOW + 1_000)).toBe(true);
    expect(exact()).toBe(1);
    expect(session.coarse()).toBe(NOW + 700);
    expect(session.now()).toBe(NOW + 700);
  });
});

test("slow calls are timed by the coarse clock, and below 200 ms by the exact one", () => {
  const { session } = clocks();
  expect(session.readingFor(199)).toBe(session.now);
  expect(session.readingFor(200)).toBe(session.coarse);
});

test("rejections check at most every 250 ms whether the process was suspended", () => {
  const { session, says, drifts } = clocks();
  const rejectAt = (ms: number): number => {
    says.now = ms;
    says.coarse = ms;
    session.isBefore(NOW + 60_000);
    return drifts();
  };
  expect(rejectAt(NOW)).toBe(1);
  expect(rejectAt(NOW + 250)).toBe(1);
  expect(rejectAt(NOW + 251)).toBe(2);
  expect(rejectAt(NOW + 501)).toBe(2);
  expect(rejectAt(NOW + 502)).toBe(3);
});

describe("the first call", () => {
  test("starts the synchronisation and the watch on the event loop, once", () => {
    const watched: number[] = [];
    const { session } = clocks({
      blocked: (since) => {
        watched.push(since);
        return 0;
      },
    });
    let starts = 0;
    session.replica.synchroniser.start = () => void starts++;
    session.start();
    session.start();
    expect([starts, watched]).toEqual([1, [NOW]]);
  });

  test("starts the synchronisation if the clock can't watch the event loop", () => {
    const { session } = clocks();
    let starts = 0;
    session.replica.synchroniser.start = () => void starts++;
    session.start();
    expect(starts).toBe(1);
  });
});

test("a session has the owner, the host and the lease wait of its replica", () => {
  const { session } = clocks();
  expect(session).toMatchObject({ owner: "me", host: "my-host", leaseWaitMs: 20 });
  expect(session.openedBy("x", "other")).toBeUndefined();
});

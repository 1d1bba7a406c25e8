import { describe, expect, test } from "vitest";
import { encode } from "../machine/codec.js";
import { type CircuitRecord, HOLD_KEPT_MS, KEPT_MS, type VersionedRecord } from "../machine/record.js";
import { opened, overridden, type Stamp, yielded } from "../machine/transition.js";
import type { SwapResult } from "../stores/store.js";
import type { Entry } from "./entry.js";
import {
  AHEAD,
  type Bench,
  bench,
  deferred,
  FRESH,
  isClosed,
  isOpen,
  type Listener,
  listener,
  NOW,
  WALL,
} from "./replica.fixture.js";
import { StoreTimeoutError } from "./within.js";
import { type WriteOutcome, write } from "./writer.js";

const STORE_NOW = WALL + AHEAD;
/** Our own deadline for a write, and how long until one that failed is tried again, where chance draws a half. */
const DEADLINE = 250;
const RETRY = 800;

interface Writing extends Bench {
  readonly entry: Entry<CircuitRecord>;
  readonly breaker: Listener;
  readonly outcomes: WriteOutcome[];
  readonly stamps: Stamp[];
  /** Writes that it opens, or whatever is decided. */
  begin(decide?: (stamp: Stamp) => CircuitRecord | null): void;
  /** What is stored. */
  stored(): unknown;
}

const opens = (stamp: Stamp): CircuitRecord => opened(stamp, { duration: 1_000, reason: "mine" });

/** One circuit to write, in a store whose clock is known already unless said. */
function writing(given: { without?: readonly "swap"[]; clock?: "known" | "unknown" } = {}): Writing {
  const set = bench(given.without);
  const breaker = listener();
  set.replica.subscribe("x", breaker);
  const entry = set.replica.circuit("x");
  if (given.clock !== "unknown") set.replica.storeClock.learn(STORE_NOW, NOW);
  const outcomes: WriteOutcome[] = [];
  const stamps: Stamp[] = [];
  return {
    ...set,
    entry,
    breaker,
    outcomes,
    stamps,
    begin(decide = opens) {
      write(
        set.replica,
        entry,
        (stamp) => {
          stamps.push(stamp);
          return decide(stamp);
        },
        (outcome) => void outcomes.push(outcome),
      );
    },
    stored: () => JSON.parse(set.store.held.get("circuit:x") ?? "null"),
  };
}

describe("a write", () => {
  test("is one swap, granted at once by a store that answers at once", () => {
    const { store, outcomes, begin, stored, replica, entry, breaker } = writing();
    begin();
    expect(outcomes).toEqual(["granted"]);
    expect(stored()).toMatchObject({ state: "open", by: "me", reason: "mine" });
    expect(store.count("swap")).toBe(1);
    expect(entry).toMatchObject({ write: undefined, strikes: 0, stored: store.held.get("circuit:x") });
    expect(entry.sighting).toMatchObject({ record: { reason: "mine" }, deadline: NOW + 1_000 });
    expect(replica.adoptions).toBe(1);
    // What was decided meanwhile is proposed; of its own write the breaker needs no news.
    expect(breaker).toMatchObject({ flushes: 1, changes: 0 });
  });

  test("is stamped with the store's clock in whole ms, and above all that was seen", () => {
    const { replica, stamps, begin, entry } = writing();
    replica.storeClock.learn(STORE_NOW + 0.75, NOW);
    begin();
    expect(stamps).toEqual([expect.objectContaining({ revision: STORE_NOW, now: STORE_NOW, by: "me" })]);
    entry.seen = STORE_NOW + 70;
    begin();
    expect(stamps[1]).toMatchObject({ revision: STORE_NOW + 71, now: STORE_NOW });
  });

  test("is known again by a nonce of two draws of chance, be they zero", () => {
    const { chance, stamps, begin } = writing();
    chance.next = 0.75;
    begin();
    expect(stamps[0]?.nonce).toBe(`${(0.75).toString(36).slice(2)}`.repeat(2));
    chance.next = 0;
    begin();
    expect(stamps[1]?.nonce).toBe("0");
  });

  test("expects what the store was last heard to hold", () => {
    const { store, entry, begin, outcomes } = writing();
    store.held.set("circuit:x", "theirs");
    entry.stored = "theirs";
    begin();
    expect(outcomes).toEqual(["granted"]);
    expect(store.asked[0]?.slice(0, 3)).toEqual(["swap", "circuit:x", "theirs"]);
  });

  test("is granted though a newer record came by push meanwhile: that is told to the store, which lost it", async () => {
    const { store, time, begin, outcomes, entry, replica, breaker } = writing();
    const answer = deferred<SwapResult>();
    let sent = "";
    store.swap = (_, __, value) => {
      sent = value;
      return answer.promise;
    };
    begin();
    replica.receive(entry, encode(isOpen(STORE_NOW + 9)), FRESH, false);
    expect(outcomes).toEqual([]);
    answer.resolve({ ok: true, value: sent });
    await time.advance(0);
    expect(outcomes).toEqual(["granted"]);
    expect(entry).toMatchObject({ stored: sent, restoring: true, write: undefined });
    expect(entry.sighting).toMatchObject({ record: { revision: STORE_NOW + 9 } });
    expect(breaker.changes).toBe(1);
  });

  test("isn't made where there is nothing to write", () => {
    const { store, begin, outcomes, breaker, entry, time } = writing();
    entry.strikes = 2;
    begin(() => null);
    expect(outcomes).toEqual(["moot"]);
    expect(store.asked).toEqual([]);
    expect(entry).toMatchObject({ write: undefined, strikes: 2 });
    expect(breaker.flushes).toBe(1);
    expect(time.pending).toBe(0);
  });

  test("of an entry is the only one of it", async () => {
    const { store, begin, outcomes, entry, breaker } = writing();
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    begin();
    const { write } = entry;
    begin();
    expect(outcomes).toEqual(["busy"]);
    expect(entry.write).toBe(write);
    expect(breaker.flushes).toBe(0);
  });

  test("under way is waited for, and no longer", async () => {
    const { store, time, begin, replica } = writing();
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    begin();
    let settled = false;
    void replica.settled().then(() => {
      settled = true;
    });
    await time.advance(0);
    expect(settled).toBe(false);
    answer.resolve({ ok: false, value: null });
    store.swap = (_, __, value) => ({ ok: true, value });
    await time.advance(0);
    expect(settled).toBe(true);
  });
});

describe("a store whose clock is not known", () => {
  test("is asked for it first, by a swap that no record answers", () => {
    const { store, begin, stamps, outcomes } = writing({ clock: "unknown" });
    begin();
    expect(store.asked[0]).toEqual(["swap", "circuit:x", "?", "?", 1]);
    expect(stamps).toHaveLength(1);
    expect(stamps[0]).toMatchObject({ now: STORE_NOW });
    expect(outcomes).toEqual(["granted"]);
    expect(store.count("swap")).toBe(2);
  });

  test("tells on the way what it holds, of whatever age", () => {
    const { store, begin, entry, breaker, outcomes } = writing({ clock: "unknown" });
    store.tells = false;
    const old = encode({ ...isOpen(40), until: WALL + 300 });
    store.held.set("circuit:x", old);
    begin(() => null);
    expect(entry.stored).toBe(old);
    expect(entry.sighting).toMatchObject({ record: { revision: 40 }, deadline: NOW + 300 });
    expect(breaker.changes).toBe(1);
    expect(outcomes).toEqual(["moot"]);
  });

  test("tells on the way what it forgot", () => {
    const { store, begin, entry, replica, outcomes } = writing({ clock: "unknown" });
    replica.receive(entry, encode(isOpen(40)), FRESH, true);
    begin();
    expect(outcomes).toEqual(["granted"]);
    expect(store.asked.map(([, , expected]) => expected)).toEqual(["?", null]);
  });

  test("tells what is left of it, where it tells the time", () => {
    const { store, begin, entry } = writing({ clock: "unknown" });
    store.held.set("circuit:x", encode({ ...isOpen(40), until: STORE_NOW + 300 }));
    begin(() => null);
    expect(entry.sighting).toMatchObject({ deadline: NOW + 300 });
  });

  test("is asked once where it has none; the wall's stands in", () => {
    const { store, begin, stamps, replica } = writing({ clock: "unknown" });
    store.tells = false;
    begin();
    expect(replica.storeClock.absent).toBe(true);
    expect(stamps[0]).toMatchObject({ now: WALL });
    begin();
    expect(store.count("swap")).toBe(3);
  });

  test("has one as soon as it told it", () => {
    const { begin, replica } = writing({ clock: "unknown" });
    begin();
    expect(replica.storeClock.absent).toBe(false);
  });

  test("isn't asked where it can't swap", () => {
    const { store, begin, stamps } = writing({ clock: "unknown", without: ["swap"] });
    begin();
    expect(store.asked.map(([verb]) => verb)).toEqual(["get", "set"]);
    expect(stamps[0]).toMatchObject({ now: WALL });
  });

  test("fails the write where it fails; the entry is free meanwhile for no other", async () => {
    const { store, begin, outcomes, entry, stamps, time, health } = writing({ clock: "unknown" });
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    begin();
    begin();
    expect(outcomes).toEqual(["busy"]);
    answer.reject("refused");
    await time.advance(0);
    expect(outcomes).toEqual(["busy", "failed"]);
    expect(stamps).toEqual([]);
    expect(entry).toMatchObject({ strikes: 1, write: undefined });
    expect(health).toEqual(["refused"]);
  });
});

describe("a write that another one beat", () => {
  /** Loses so many races, each to a record of its own. */
  function beaten(races: number): Writing & { readonly times: number[] } {
    const set = writing();
    const times: number[] = [];
    const swap = set.store.swap?.bind(set.store);
    set.store.swap = (key, expected, value, ttlMs) => {
      times.push(set.time.now() - NOW);
      if (times.length <= races) set.store.held.set(key, encode(isOpen(times.length)));
      return swap?.(key, expected, value, ttlMs) ?? { ok: true, value };
    };
    return { ...set, times };
  }

  test("is decided again, with what the other wrote, at once", () => {
    const { begin, outcomes, stamps, stored, breaker } = beaten(2);
    begin();
    expect(outcomes).toEqual(["granted"]);
    expect(stamps).toHaveLength(3);
    expect(stored()).toMatchObject({ reason: "mine" });
    expect(breaker.changes).toBe(2);
  });

  test("may have nothing more to write", () => {
    const { begin, outcomes, entry, stored, store } = beaten(1);
    begin((stamp) => (entry.sighting === null ? opens(stamp) : null));
    expect(outcomes).toEqual(["moot"]);
    expect(store.count("swap")).toBe(1);
    expect(stored()).toMatchObject({ revision: 1 });
  });

  test("before, in a store that was rolled back, expects what that holds now", () => {
    const { begin, store, entry, replica, outcomes } = writing();
    const older = encode(isOpen(39));
    replica.receive(entry, encode(isOpen(40)), FRESH, true);
    store.held.set("circuit:x", older);
    begin();
    expect(outcomes).toEqual(["granted"]);
    expect(store.asked.map(([, , expected]) => expected)).toEqual([encode(isOpen(40)), older]);
  });

  test("after three waits longer and longer, drawn by chance", async () => {
    const { begin, time, times, outcomes, entry } = beaten(5);
    begin();
    await time.advance(1_000);
    // Half of 10 ms, doubled for each.
    expect(times).toEqual([0, 0, 0, 20, 60, 140]);
    expect(outcomes).toEqual(["granted"]);
    expect(entry.write).toBeUndefined();
  });

  test("and waits is still the only one", async () => {
    const { begin, outcomes, time, stamps } = beaten(3);
    begin();
    begin();
    expect(outcomes).toEqual(["busy"]);
    await time.advance(20);
    expect(outcomes).toEqual(["busy", "granted"]);
    expect(stamps).toHaveLength(4);
  });

  test("after nine is given up", async () => {
    const { begin, time, times, outcomes, health } = beaten(99);
    begin();
    await time.advance(10_000);
    expect(outcomes).toEqual(["failed"]);
    expect(times).toHaveLength(9);
    expect(health).toEqual([new Error('the write of "circuit:x" lost 8 races in a row')]);
  });

  test("learns the store's clock from the one that did", () => {
    const { begin, store, entry } = writing({ without: ["swap"], clock: "unknown" });
    const theirs = encode({ ...isOpen(40), until: STORE_NOW + 300 });
    store.swap = () => ({ ok: false, value: theirs, now: STORE_NOW });
    begin(() => (entry.sighting === null ? opens({ revision: 1, nonce: "n", now: 1, by: "me" }) : null));
    expect(entry.sighting).toMatchObject({ deadline: NOW + 300 });
  });

  test("of a store without a clock took place just now: the other's record has its whole duration", () => {
    const { begin, store, entry } = writing();
    store.tells = false;
    const theirs = encode({ ...isOpen(40, 700), until: WALL });
    store.held.set("circuit:x", theirs);
    begin((stamp) => (entry.sighting === null ? opens(stamp) : null));
    expect(entry.sighting).toMatchObject({ deadline: NOW + 700 });
  });
});

describe("a write that lost its answer", () => {
  test("and was carried out, is granted where the next answer returns it", () => {
    const { store, begin, outcomes, entry } = writing();
    store.swap = (_, __, value) => ({ ok: false, value });
    begin();
    expect(outcomes).toEqual(["granted"]);
    expect(entry.sighting).toMatchObject({ record: { reason: "mine" } });
  });

  test("is granted where it comes back by push, once, whatever comes after", async () => {
    for (const end of ["answer", "conflict", "error", "nothing"] as const) {
      const { store, time, begin, outcomes, entry, replica, breaker, health } = writing();
      const answer = deferred<SwapResult>();
      let sent = "";
      store.swap = (_, __, value) => {
        sent = value;
        return answer.promise;
      };
      begin();
      replica.receive(entry, sent, FRESH, false);
      expect(outcomes).toEqual(["granted"]);
      expect(breaker).toMatchObject({ changes: 0, flushes: 1 });
      if (end === "answer") answer.resolve({ ok: true, value: sent });
      if (end === "conflict") answer.resolve({ ok: false, value: encode(isOpen(1)) });
      if (end === "error") answer.reject(new Error("refused"));
      await time.advance(DEADLINE);
      expect(outcomes).toEqual(["granted"]);
      expect(entry).toMatchObject({ strikes: 0, stored: sent });
      expect(health).toEqual([]);
      expect(breaker.flushes).toBe(1);
    }
  });
});

describe("a write that fails", () => {
  function failing(): Writing {
    const set = writing();
    set.store.swap = () => {
      throw new Error("refused");
    };
    return set;
  }

  test("is a strike, is told, and is proposed again after a pause", async () => {
    const { begin, outcomes, entry, health, breaker, time } = failing();
    begin();
    expect(outcomes).toEqual(["failed"]);
    expect(entry).toMatchObject({ strikes: 1, write: undefined, hanging: 0 });
    expect(health).toEqual([new Error("refused")]);
    await time.advance(RETRY - 1);
    expect(breaker.flushes).toBe(0);
    expect(entry.retry).toBeDefined();
    await time.advance(1);
    expect(breaker.flushes).toBe(1);
    expect(entry.retry).toBeUndefined();
  });

  test("twice is proposed again once", async () => {
    const { begin, breaker, time } = failing();
    begin();
    begin();
    expect(time.pending).toBe(1);
    await time.advance(RETRY);
    expect(breaker.flushes).toBe(1);
  });

  test("isn't proposed by itself to a store that is down: who finds it up again does that", async () => {
    const { begin, breaker, time, replica } = failing();
    begin();
    replica.synchroniser.closed = true;
    await time.advance(RETRY);
    expect(breaker.flushes).toBe(0);
  });

  test("may be one of a circuit that nobody uses any more", async () => {
    const { begin, time, replica, store } = failing();
    begin();
    replica.unsubscribe("x");
    await time.advance(RETRY);
    store.swap = (_, __, value) => ({ ok: true, value });
    begin();
    expect(replica.circuits.size).toBe(0);
  });

  test("is forgotten with the first that is granted", async () => {
    const { begin, store, entry, health, time } = failing();
    begin();
    begin();
    expect(entry.strikes).toBe(2);
    store.swap = (_, __, value) => ({ ok: true, value });
    begin();
    expect(entry.strikes).toBe(0);
    expect(health).toEqual([new Error("refused"), "up"]);
    await time.advance(0);
  });

  test("makes sure that the store is still there", async () => {
    const { begin, store, replica, time } = failing();
    replica.synchroniser.start();
    expect(store.count("list")).toBe(1);
    begin();
    await time.advance(100);
    expect(store.count("list")).toBe(2);
  });
});

test("a write that is granted clears nothing but what writes did", () => {
  const { begin, replica, health } = writing();
  replica.trouble("something else");
  begin();
  expect(health).toEqual(["something else"]);
});

describe("a store that hangs", () => {
  test("is given up after 250 ms, and asked less and less often", async () => {
    const { begin, store, outcomes, entry, health, time, breaker } = writing();
    store.swap = () => new Promise(() => undefined);
    begin();
    await time.advance(DEADLINE - 1);
    expect(outcomes).toEqual([]);
    await time.advance(1);
    expect(outcomes).toEqual(["failed"]);
    expect(health).toEqual([new StoreTimeoutError(DEADLINE)]);
    expect(entry.hanging).toBe(1);
    begin();
    await time.advance(DEADLINE);
    expect(entry.hanging).toBe(2);
    await time.advance(4 * RETRY - 1);
    expect(breaker.flushes).toBe(0);
    await time.advance(1);
    expect(breaker.flushes).toBe(1);
  });

  test("and then answers at all, hangs no more", async () => {
    const { begin, store, entry, time } = writing();
    for (const answer of [
      () => Promise.reject(new Error("refused")),
      async () => ({ ok: true, value: encode(isClosed(1)) }),
    ]) {
      store.swap = () => new Promise(() => undefined);
      begin();
      await time.advance(DEADLINE);
      store.swap = answer;
      begin();
      await time.advance(0);
      expect(entry.hanging).toBe(0);
    }
  });

  test("and answers late, is asked again sooner, as one that answers", async () => {
    const { begin, store, entry, time, breaker } = writing();
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    begin();
    await time.advance(DEADLINE + 100);
    answer.reject(new Error("too late"));
    await time.advance(0);
    expect(entry.hanging).toBe(0);
    await time.advance(RETRY / 2 - 1);
    expect(breaker.flushes).toBe(0);
    await time.advance(1);
    expect(breaker.flushes).toBe(1);
    expect(time.pending).toBe(0);
  });

  test("and answers after the pause, is asked no sooner", async () => {
    const { begin, store, time, breaker } = writing();
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    begin();
    await time.advance(DEADLINE + 2 * RETRY);
    expect(breaker.flushes).toBe(1);
    answer.reject(new Error("too late"));
    await time.advance(0);
    expect(time.pending).toBe(0);
  });
});

describe("a record is stored", () => {
  /** For how long: the store's clock is at `STORE_NOW`. */
  function kept(record: VersionedRecord): unknown {
    const { replica, store } = writing();
    const entry = replica.circuit("y") as Entry<VersionedRecord>;
    write(
      replica,
      entry,
      () => record,
      () => undefined,
    );
    return store.asked[0]?.[4];
  }

  const stamp: Stamp = { revision: 50, nonce: "n", now: STORE_NOW, by: "me" };
  const hold = (state: "open" | "closed" | "released", duration: number): VersionedRecord =>
    overridden(stamp, state, { duration, reason: "" });

  test("for a day longer than its deadline, in whole ms", () => {
    expect(kept(opened(stamp, { duration: 999.5, reason: "" }))).toBe(1_000 + KEPT_MS);
    expect(kept({ ...isOpen(50), until: STORE_NOW - 1 })).toBe(KEPT_MS);
    expect(kept(isClosed(50))).toBe(KEPT_MS);
    expect(kept(yielded(stamp, null, 0))).toBe(KEPT_MS);
    expect(kept(hold("closed", 1_000))).toBe(1_000 + KEPT_MS);
    expect(kept(hold("released", 0))).toBe(KEPT_MS);
  });

  test("for four weeks at a time where it has none: an operator's hold", () => {
    expect(kept(hold("open", 0))).toBe(HOLD_KEPT_MS);
    expect(kept(hold("closed", 0))).toBe(HOLD_KEPT_MS);
  });
});

import { describe, expect, test } from "vitest";
import type { StoreListing } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import { type ListRead, Reconciler, takePush } from "./reconcile.js";
import { AHEAD, arrive, bench, isClosed, isOpen, listener, NOW, WALL } from "./replica.fixture.js";

/** Lists that come in, and the keys that have to be read on their own after each. */
function reconciling() {
  const set = bench();
  const { replica } = set;
  const reconciler = new Reconciler(replica);
  const take = (listing: StoreListing, changes: Partial<ListRead> = {}): readonly string[] => {
    const read = { sent: NOW, adoptions: replica.adoptions, fresh: true, since: undefined, ...changes };
    let keys: readonly string[] = [];
    reconciler.take(listing, read, (outcome) => {
      if (outcome.ok)
        keys = outcome.value.unverified.map(({ key, fresh }) => `${key}${fresh ? " fresh" : ""}`);
    });
    return keys;
  };
  return { ...set, take };
}

describe("a fault that a list showed", () => {
  test("lasts until a list of everything is without it", () => {
    const { replica, take, health } = reconciling();
    take({ entries: [{ key: "hold:x", value: "rubbish" }] });
    replica.health.reportInvalid();
    expect(health).toHaveLength(1);
    take({ entries: [] }, { since: "c1" });
    expect(health).toHaveLength(1);
    take({ entries: [] });
    expect(health.slice(1)).toEqual(["up"]);
  });

  test("is reported once while lists show it, also if it is no entry at all", () => {
    const { replica, take, health } = reconciling();
    for (let poll = 0; poll < 3; poll++) {
      take({ entries: [7 as never] });
      replica.health.reportInvalid();
      expect(health).toHaveLength(1);
    }
    take({ entries: [] });
    expect(health.slice(1)).toEqual(["up"]);
  });
});

describe("a record that is not in the list", () => {
  test("was forgotten by the store, if that listed everything", () => {
    for (const [listing, since, forgotten] of [
      [{ entries: [] }, undefined, true],
      [{ entries: [], complete: true }, "c1", true],
      [{ entries: [] }, "c1", false],
      [{ entries: [], complete: false }, "c1", false],
    ] as const) {
      const { replica, take } = reconciling();
      const entry = replica.circuit("x");
      arrive(replica, entry, isOpen(40));
      take(listing, { since });
      expect(entry.stored === null, JSON.stringify([listing, since])).toBe(forgotten);
    }
  });

  test("is there if it is written or was adopted since the list was asked for", () => {
    const { replica, take } = reconciling();
    const entry = replica.circuit("x");
    arrive(replica, entry, isOpen(40));
    take({ entries: [] }, { adoptions: 0 });
    entry.write = { nonce: "mine", granted: () => undefined };
    take({ entries: [] });
    expect(entry.stored).not.toBeNull();
  });

  test("of a list of changes has to be read, if it restricts calls: sixteen at a time, one round after the other", () => {
    const { replica, take } = reconciling();
    const names = Array.from({ length: 20 }, (_, at) => `circuit:n${at}`);
    for (const key of names) arrive(replica, replica.circuit(key.slice(8)), isOpen(40, 60_000));
    arrive(replica, replica.circuit("closed"), isClosed(40));
    const changes = { since: "c1" };
    expect(take({ entries: [] }, changes)).toEqual(names.slice(0, 16));
    expect(take({ entries: [] }, changes)).toEqual(names.slice(16));
    expect(take({ entries: [] }, changes)).toEqual(names.slice(0, 16));
    const changed = { key: "circuit:n17", value: encode(isOpen(41, 60_000)) };
    arrive(replica, replica.circuit("n18"), isClosed(41));
    expect(take({ entries: [changed] }, changes)).toEqual(["circuit:n16", "circuit:n19"]);
    expect(take({ entries: [] }), "and none after a list of everything").toEqual([]);
  });

  test("is let go if it restricts nobody and nobody uses it", () => {
    const { replica, take } = reconciling();
    for (const name of ["used", "unused"]) {
      if (name === "used") replica.subscribe(name, listener());
      arrive(replica, replica.circuit(name), isClosed(40));
    }
    take({ entries: [] }, { since: "c1" });
    expect([...replica.circuits.keys()]).toEqual(["used"]);
  });
});

describe("a record of the list", () => {
  test("ends by the store's clock: its own reading, or else that of the whole list", () => {
    for (const [own, list, left] of [
      [undefined, undefined, 1_000],
      [undefined, WALL + AHEAD + 300, 700],
      [WALL + AHEAD + 300, WALL + AHEAD + 600, 700],
    ] as const) {
      const { replica, take } = reconciling();
      const entry = { key: "circuit:x", value: encode(isOpen(40)), ...(own && { now: own }) };
      take({ entries: [entry], ...(list && { now: list }) });
      expect(replica.circuit("x").cached?.deadline, `${own} ${list}`).toBe(NOW + left);
    }
  });

  test("that is not an entry is refused and reported", () => {
    const { replica, take, health } = reconciling();
    take({ entries: [7 as never] });
    replica.health.reportInvalid();
    expect(health).toHaveLength(1);
  });
});

describe("what is pushed", () => {
  test("tells the store's clock, too", () => {
    const { replica } = reconciling();
    const pushed = { key: "circuit:x", value: encode(isOpen(40)), now: WALL + AHEAD };
    takePush(replica, pushed, false);
    expect(replica.storeClock.now()).toBe(WALL + AHEAD);
  });

  test("is reported at once if it is not an entry", () => {
    const { replica, health } = reconciling();
    takePush(replica, { key: 7 } as never, false);
    expect(health).toHaveLength(1);
  });
});

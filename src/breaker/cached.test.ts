import { describe, expect, test } from "vitest";
import { arrive, type Bench, bench, isHeld, isOpen, NOW } from "../sync/replica.fixture.js";
import { cachedHold, cachedRecord } from "./cached.js";

describe("the replica's record of a circuit", () => {
  test("is missing before there is an entry, and if the store has none", () => {
    const { replica } = bench();
    expect(cachedRecord(replica, "x")).toBeUndefined();
    replica.circuit("x").cached = null;
    expect(cachedRecord(replica, "x")).toBeUndefined();
  });

  test("is the one that arrived for that name", () => {
    const { replica } = bench();
    arrive(replica, replica.circuit("x"), isOpen(40));
    expect(cachedRecord(replica, "x")).toBe(replica.circuit("x").cached);
    expect(cachedRecord(replica, "x")).toMatchObject({ record: { revision: 40 }, deadline: NOW + 1_000 });
    expect(cachedRecord(replica, "y")).toBeUndefined();
  });
});

describe("the replica's hold of a circuit", () => {
  const held = (...written: Parameters<typeof isHeld>): ReturnType<typeof cachedHold> => {
    const { replica }: Bench = bench();
    arrive(replica, replica.hold("x"), isHeld(...written));
    return cachedHold(replica, "x");
  };

  test("is missing if nobody ever held the circuit, or the store has none", () => {
    const { replica } = bench();
    expect(cachedHold(replica, "x")).toBeUndefined();
    replica.hold("x").cached = null;
    expect(cachedHold(replica, "x")).toBeUndefined();
  });

  test("is missing once it is released", () => {
    expect(held(40, "released")).toBeUndefined();
  });

  test("has its end on this process's clock, or no end", () => {
    expect(held(40, "open", 5_000)).toMatchObject({ state: "open", untilMs: NOW + 5_000 });
    expect(held(40, "closed")).toMatchObject({
      state: "closed",
      untilMs: Infinity,
      record: { revision: 40 },
    });
  });
});

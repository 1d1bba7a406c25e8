import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode } from "./codec.js";
import { compare, merge, restrictiveness, type Stored } from "./merge.js";
import { aRecord } from "./record.fixture.js";
import { runs } from "./runs.fixture.js";

const stored: fc.Arbitrary<Stored> = aRecord.map((record) => ({ raw: encode(record), record }));

describe("merging two records", () => {
  test("is commutative", () => {
    fc.assert(
      fc.property(stored, stored, (a, b) => {
        expect(merge(a, b).raw).toBe(merge(b, a).raw);
      }),
      runs(30_000),
    );
  });

  test("is associative", () => {
    fc.assert(
      fc.property(stored, stored, stored, (a, b, c) => {
        expect(merge(a, merge(b, c)).raw).toBe(merge(merge(a, b), c).raw);
      }),
      runs(30_000),
    );
  });

  test("is idempotent, and takes one of the two whole", () => {
    fc.assert(
      fc.property(stored, stored, (a, b) => {
        expect(merge(a, a)).toBe(a);
        expect([a, b]).toContain(merge(a, b));
      }),
      runs(10_000),
    );
  });

  test("takes the higher revision, whatever the states", () => {
    fc.assert(
      fc.property(stored, stored, (a, b) => {
        fc.pre(a.record.revision !== b.record.revision);
        expect(merge(a, b).record.revision).toBe(Math.max(a.record.revision, b.record.revision));
      }),
    );
  });

  test("ranks states by how much they restrict; an unknown state restricts nothing", () => {
    expect(["open", "half-open", "closed", "released", "ajar"].map(restrictiveness)).toEqual([3, 2, 1, 0, 0]);
  });

  test("at a tie takes the more restrictive, then the later deadline, then the greater bytes", () => {
    const at = (state: string, until: number, raw: string): Stored => ({
      raw,
      record: { v: 1, revision: 5, nonce: "n", state, until, duration: 1, by: "", reason: "", at: 1 },
    });
    expect(compare(at("open", 1, "a"), at("half-open", 9, "b"))).toBeGreaterThan(0);
    expect(compare(at("half-open", 1, "a"), at("closed", 9, "b"))).toBeGreaterThan(0);
    expect(compare(at("open", 2, "a"), at("open", 1, "b"))).toBeGreaterThan(0);
    expect(compare(at("open", 1, "b"), at("open", 1, "a"))).toBeGreaterThan(0);
    expect(compare(at("open", 1, "a"), at("open", 1, "b"))).toBeLessThan(0);
    expect(compare(at("open", 1, "a"), at("open", 1, "a"))).toBe(0);
  });

  test("of the same bytes keeps the known record", () => {
    const record = {
      v: 1,
      revision: 5,
      nonce: "n",
      state: "open",
      until: 1,
      duration: 1,
      by: "",
      reason: "",
      at: 1,
    };
    const known: Stored = { raw: "a", record: { ...record, v: 1 } };
    expect(merge(known, { ...known })).toBe(known);
  });
});

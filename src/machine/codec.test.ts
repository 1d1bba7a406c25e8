import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeCircuit, decodeOverride, encode } from "./codec.js";
import { aRecord } from "./record.fixture.js";
import { runs } from "./runs.fixture.js";

const NOW = 1_700_000_000_000;
const good = {
  v: 1,
  revision: 7,
  generation: 7,
  nonce: "abc",
  state: "open",
  until: NOW + 1_000,
  duration: 1_000,
  by: "host/1",
  reason: "Error",
  at: NOW,
};

describe("rule 16: what a store returns is decoded strictly", () => {
  test("what is encoded is decoded to the same", () => {
    fc.assert(
      fc.property(aRecord, (record) => {
        expect(decodeCircuit(encode(record), NOW)).toEqual(record);
      }),
      runs(10_000),
    );
  });

  test("no input makes it throw", () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({ ...Object.fromEntries(Object.keys(good).map((key) => [key, fc.anything()])) })
        .map((value) => safeJson(value)),
    );
    fc.assert(
      fc.property(anything, (raw) => {
        decodeCircuit(raw, NOW);
        decodeOverride(raw, NOW);
      }),
      runs(50_000),
    );
  });

  test.each([
    ["another version", { v: 2 }],
    ["no revision", { revision: undefined }],
    ["a revision that is no whole number", { revision: 1.5 }],
    ["a revision from centuries ahead", { revision: Number.MAX_SAFE_INTEGER }],
    ["a generation above the revision", { generation: 8 }],
    ["an empty nonce", { nonce: "" }],
    ["a state there isn't", { state: "ajar" }],
    ["a negative deadline", { until: -1 }],
    ["a deadline that is text", { until: "tomorrow" }],
    ["open without a deadline", { until: 0 }],
    ["an endless duration", { duration: 1e300 }],
    ["a novel for a reason", { reason: "x".repeat(1_000) }],
    ["a count below zero", { lapsed: -1 }],
    ["a vote that never counted", { votes: [{ host: "h", until: 0 }] }],
  ])("%s is refused", (_, change) => {
    expect(decodeCircuit(JSON.stringify(good), NOW)).toBeDefined();
    expect(decodeCircuit(JSON.stringify({ ...good, ...change }), NOW)).toBeUndefined();
  });

  test("a value of a megabyte is not even parsed", () => {
    expect(decodeCircuit(`${JSON.stringify(good)}${" ".repeat(1_000_000)}`, NOW)).toBeUndefined();
  });

  test("a hold is told from a circuit", () => {
    const hold = { ...good, state: "released", until: 0 };
    expect(decodeOverride(JSON.stringify(hold), NOW)?.state).toBe("released");
    expect(decodeOverride(JSON.stringify({ ...good, state: "half-open" }), NOW)).toBeUndefined();
    expect(decodeCircuit(JSON.stringify(hold), NOW)).toBeUndefined();
  });
});

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "";
  }
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeCircuit, decodeHold, encode, shorten, shortenHost } from "./codec.js";
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

describe("a record", () => {
  test("is decoded to what was encoded", () => {
    fc.assert(
      fc.property(aRecord, (record) => {
        expect(decodeCircuit(encode(record), NOW)).toEqual(record);
      }),
      runs(10_000),
    );
  });

  test("never makes the decoder throw, whatever its bytes", () => {
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
        decodeHold(raw, NOW);
      }),
      runs(10_000),
    );
  });

  const circuit = (change: object): unknown => decodeCircuit(JSON.stringify({ ...good, ...change }), NOW);
  const hold = (change: object): unknown =>
    decodeHold(JSON.stringify({ ...good, generation: undefined, ...change }), NOW);
  const votes = (...of: unknown[]): { votes: unknown[] } => ({ votes: of });
  const many = (n: number): unknown[] => Array.from({ length: n }, (_, at) => ({ host: `h${at}`, until: 1 }));
  const YEAR_AND_A_DAY = 366 * 24 * 3_600_000;
  const AHEAD = NOW + 2 ** 42;

  describe.each([
    ["of a circuit", circuit],
    ["of a hold", hold],
  ])("%s", (_, read) => {
    test.each([
      ["another version", { v: 2 }],
      ["no version", { v: undefined }],
      ["a version that is text", { v: "1" }],
      ["no revision", { revision: undefined }],
      ["a revision that is no whole number", { revision: 7.5 }],
      ["a revision that is text", { revision: "7" }],
      ["a revision of 0", { revision: 0, generation: 0 }],
      ["a revision from centuries ahead", { revision: AHEAD + 1, generation: 1 }],
      ["no nonce", { nonce: undefined }],
      ["an empty nonce", { nonce: "" }],
      ["a nonce that is a list", { nonce: ["a"] }],
      ["a nonce too long", { nonce: "x".repeat(65) }],
      ["no state", { state: undefined }],
      ["an unknown state", { state: "ajar" }],
      ["a negative deadline", { until: -1 }],
      ["a deadline that is text", { until: "5" }],
      ["a deadline above the safe integers", { until: 2 ** 53 }],
      ["no time", { at: undefined }],
      ["a negative time", { at: -1 }],
      ["a negative duration", { duration: -1 }],
      ["a duration that is text", { duration: "5" }],
      ["an endless duration", { duration: YEAR_AND_A_DAY + 1 }],
      ["an author that is no text", { by: 5 }],
      ["an author that is too long", { by: "x".repeat(257) }],
      ["a reason that is no text", { reason: {} }],
      ["a reason that is too long", { reason: "x".repeat(257) }],
    ])("with %s is refused", (__, change) => {
      expect(read({})).toBeDefined();
      expect(read(change)).toBeUndefined();
    });

    test.each([
      ["the first revision", { revision: 1, generation: 1 }],
      ["the last accepted revision", { revision: AHEAD }],
      ["a nonce of one character", { nonce: "x" }],
      ["the longest nonce", { nonce: "x".repeat(64) }],
      ["the longest texts", { by: "x".repeat(256), reason: "x".repeat(256) }],
      ["no texts", { by: undefined, reason: undefined }],
      ["the longest duration", { duration: YEAR_AND_A_DAY }],
      ["no duration", { duration: undefined }],
      ["null for what may be left out", { duration: null, by: null, reason: null }],
      ["the latest safe integer as its end", { until: Number.MAX_SAFE_INTEGER }],
      ["the first possible time", { at: 0 }],
      ["a part of a millisecond", { until: 1.5, at: 0.5 }],
      ["a field of a later version", { colour: "red" }],
    ])("with %s is accepted", (__, change) => {
      expect(read(change)).toBeDefined();
    });

    test.each(["", "null", "5", "[]", '"text"', "{", "true"])("consisting of %s is refused", (raw) => {
      const decode = read === circuit ? decodeCircuit : decodeHold;
      expect(decode(raw, NOW)).toBeUndefined();
    });

    test("is refused without parsing if it is too long", () => {
      const decode = read === circuit ? decodeCircuit : decodeHold;
      const raw = JSON.stringify({ ...good, state: "open" });
      expect(decode(raw.padEnd(4_096), NOW)).toBeDefined();
      expect(decode(raw.padEnd(4_097), NOW)).toBeUndefined();
    });
  });

  test.each([
    ["a hold's state", { state: "released" }],
    ["a generation above the revision", { generation: 8 }],
    ["a negative generation", { generation: -1 }],
    ["a generation that is no whole number", { generation: 1.5 }],
    ["a generation that is text", { generation: "1" }],
    ["open without a generation", { generation: undefined }],
    ["open without a deadline", { until: 0 }],
    ["an invalid owner", { owner: 5 }],
    ["a count below zero", { lapsed: -1 }],
    ["a count that is no whole number", { passed: 1.5 }],
    ["a count that is text", { reopens: "1" }],
    ["a count beyond a million", { lapsed: 1_000_001 }],
    ["an operator that is neither there nor not", { manual: 1 }],
    ["votes that are no list", { votes: { length: 1 } }],
    ["a vote that is null", votes(null)],
    ["a vote without a host", votes({ until: 1 })],
    ["a vote of nobody", votes({ host: "", until: 1 })],
    ["a host that is a number", votes({ host: 5, until: 1 })],
    ["a host's name too long", votes({ host: "x".repeat(65), until: 1 })],
    ["a vote without an end", votes({ host: "h" })],
    ["a vote that never counted", votes({ host: "h", until: 0 })],
    ["a vote of before all time", votes({ host: "h", until: -1 })],
    ["a vote to the end that is text", votes({ host: "h", until: "1" })],
    ["one vote too many", { votes: many(33) }],
  ])("of a circuit with %s is refused", (_, change) => {
    expect(circuit(change)).toBeUndefined();
  });

  test.each([
    ["closed, of no generation", { state: "closed", generation: undefined, until: undefined }],
    ["half-open, with no lease", { state: "half-open", until: undefined }],
    ["a million", { lapsed: 1_000_000, passed: 1_000_000, reopens: 1_000_000 }],
    ["the longest host's name", votes({ host: "x".repeat(64), until: 1 })],
    ["as many votes as there may be", { votes: many(32) }],
    ["no votes", { votes: [] }],
  ])("of a circuit with %s is accepted", (_, change) => {
    expect(circuit(change)).toBeDefined();
  });

  test("gets empty values for missing fields", () => {
    expect(decodeCircuit(JSON.stringify(good), NOW)).toEqual({
      ...good,
      owner: "",
      lapsed: 0,
      passed: 0,
      reopens: 0,
      manual: false,
      votes: [],
    });
    expect(decodeHold('{"v":1,"revision":1,"nonce":"n","state":"closed","at":0}', NOW)).toEqual({
      v: 1,
      revision: 1,
      nonce: "n",
      state: "closed",
      until: 0,
      duration: 0,
      by: "",
      reason: "",
      at: 0,
    });
  });

  test("loses unknown fields", () => {
    expect(circuit({ colour: "red" })).not.toHaveProperty("colour");
    expect(hold({ generation: 7, colour: "red" })).not.toHaveProperty("generation");
    expect(
      decodeCircuit(JSON.stringify({ ...good, ...votes({ host: "h", until: 1, x: 1 }) }), NOW)?.votes,
    ).toEqual([{ host: "h", until: 1 }]);
  });

  test("is written without empty or zero fields, except the time", () => {
    const record = decodeCircuit(JSON.stringify({ ...good, at: 0, by: "" }), NOW);
    const { by: _, ...rest } = good;
    expect(record && JSON.parse(encode(record))).toEqual({ ...rest, at: 0 });
  });

  test("is written with long texts cut to what every reader accepts", () => {
    expect([shorten("x".repeat(300)), shorten("short")]).toEqual(["x".repeat(256), "short"]);
    expect([shortenHost("x".repeat(300)), shortenHost("short")]).toEqual(["x".repeat(64), "short"]);
  });

  test("of a hold is not read as a circuit's, nor the reverse", () => {
    const hold = { ...good, state: "released", until: 0 };
    expect(decodeHold(JSON.stringify(hold), NOW)?.state).toBe("released");
    expect(decodeHold(JSON.stringify({ ...good, state: "half-open" }), NOW)).toBeUndefined();
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

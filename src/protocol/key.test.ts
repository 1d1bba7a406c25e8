import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeName } from "./decode-name.js";
import { circuitKey, encodeName, holdKey, subjectOf } from "./key.js";
import { runs } from "./runs.fixture.js";

const anyName = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
);

describe("the key of a name", () => {
  test("is different for two different names", () => {
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        expect(encodeName(a) === encodeName(b)).toBe(a === b);
      }),
      runs(20_000),
    );
  });

  test("has only safe characters and a bounded length", () => {
    fc.assert(
      fc.property(anyName, fc.integer({ min: 1, max: 100 }), (name, times) => {
        expect(encodeName(name.repeat(times))).toMatch(/^[A-Za-z0-9_.%~-]{1,160}$/);
      }),
      runs(5_000),
    );
  });

  test.each([
    ["sales_api", "sales_api"],
    ["", "%"],
    ["__proto__", "__proto__"],
    ["{a}:b", "%7Ba%7D%3Ab"],
    ["a\r\nb", "a%0D%0Ab"],
    ["é", "%C3%A9"],
    ["\ud800", "%uD800"],
    ["\udfff", "%uDFFF"],
    ["\u0000\u007f", "%00%7F"],
    ["\u0080", "%C2%80"],
    ["\ue000", "%EE%80%80"],
    ["\ud83d\ude00", "%F0%9F%98%80"],
    ["\ude00\ud83d", "%uDE00%uD83D"],
    ["aZ09_.-", "aZ09_.-"],
    ["~", "%7E"],
  ])("%j is %s", (name, key) => {
    expect(encodeName(name)).toBe(key);
  });

  test("gives the name back if it was not shortened", () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const encoded = encodeName(name);
        if (!encoded.includes("~")) expect(decodeName(encoded)).toBe(name);
      }),
      runs(5_000),
    );
  });

  test.each(["x", "é", "\ud83d\ude00", "\ud800", "a%"])(
    "gives the beginning of the name back if it was shortened: %j",
    (unit) => {
      for (const offset of [0, 1, 2, 3]) {
        const name = "o".repeat(offset) + unit.repeat(161);
        const decoded = decodeName(encodeName(name));
        expect(decoded).toMatch(/\u2026[0-9a-f]{8}$/);
        expect(name.startsWith(decoded.slice(0, -9))).toBe(true);
        expect(decoded.length).toBeGreaterThan(8);
      }
    },
  );

  test("keeps the longest name that fits as it is", () => {
    expect(encodeName("x".repeat(160))).toBe("x".repeat(160));
    expect(encodeName("x".repeat(161))).toMatch(/^x{90}~[0-9a-f]{64}$/);
  });

  test("differs for a circuit and its hold", () => {
    expect(circuitKey("x")).toBe("circuit:x");
    expect(holdKey("x")).toBe("hold:x");
  });

  test("is shortened and hashed for a name of a megabyte", () => {
    expect(encodeName("x".repeat(1_000_000))).toHaveLength(90 + 1 + 64);
    expect(encodeName(`${"x".repeat(1_000_000)}y`)).not.toBe(encodeName("x".repeat(1_000_001)));
  });
});

test("a key tells what it is of: a circuit's record, a hold, or something else", () => {
  expect(subjectOf("circuit:a:b")).toEqual({ kind: "circuit", encoded: "a:b" });
  expect(subjectOf("hold:a:b")).toEqual({ kind: "hold", encoded: "a:b" });
  for (const key of ["a", "a:circuit:", "a:hold:", ""]) expect(subjectOf(key)).toBeUndefined();
});

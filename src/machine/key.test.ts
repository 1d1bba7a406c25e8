import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeName } from "./key.js";
import { runs } from "./runs.fixture.js";
import { sha256 } from "./sha256.js";

const anyName = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
);

describe("rule 16: names are any string", () => {
  test("two names have two keys", () => {
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        expect(encodeName(a) === encodeName(b)).toBe(a === b);
      }),
      runs(20_000),
    );
  });

  test("only safe characters, and a bounded length, reach a store", () => {
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
  ])("%j is %s", (name, key) => {
    expect(encodeName(name)).toBe(key);
  });

  test("a name of a megabyte is cut and hashed", () => {
    expect(encodeName("x".repeat(1_000_000))).toHaveLength(90 + 1 + 64);
    expect(encodeName(`${"x".repeat(1_000_000)}y`)).not.toBe(encodeName("x".repeat(1_000_001)));
  });

  test("the hash is SHA-256", () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1_000]) {
      const text = "a".repeat(length);
      expect(sha256(text)).toBe(createHash("sha256").update(text).digest("hex"));
    }
  });
});

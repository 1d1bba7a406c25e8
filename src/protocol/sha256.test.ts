import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { sha256 } from "./sha256.js";

test("sha256 gives the digest of Node's crypto", () => {
  for (const length of [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 1_000, 4_321]) {
    const text = Array.from({ length }, (_, at) => String.fromCharCode(33 + ((at * 7) % 90))).join("");
    expect(sha256(text)).toBe(createHash("sha256").update(text).digest("hex"));
  }
});

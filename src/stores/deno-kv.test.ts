import { expect, it } from "vitest";
import { denoKvStore } from "./deno-kv.js";

it.each([undefined, null, "kv.db", {}, new Map()])(
  "denoKvStore() refuses %s, and says what it takes",
  (given) => {
    expect(() => denoKvStore(given as never)).toThrow(/takes a Deno\.Kv.*--unstable-kv/);
  },
);

import { expect, test } from "vitest";
import { decodeName } from "./decode-name.js";

const hash = "0123456789abcdef";

test.each([
  ["%", ""],
  ["sales", "sales"],
  ["a%20b", "a b"],
  ["%uD800", "\ud800"],
  // No name has this key, but a store may hold it.
  ["a%F", "a%F"],
])("the key %s is of the name %j", (key, name) => {
  expect(decodeName(key)).toBe(name);
});

test.each([
  ["%C3%A9%C3", "é"],
  ["%C3", ""],
  ["a%C", "a"],
  ["a%uD8", "a"],
  ["", ""],
])("of %s, cut in the middle of a character, the whole characters are shown: %j", (kept, name) => {
  expect(decodeName(`${kept}~${hash}`)).toBe(`${name}\u202601234567`);
});

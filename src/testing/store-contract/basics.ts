import { same } from "./error.js";
import { type Cases, LONG_MS } from "./fixture.js";

/** What any cache can do. */
export const basicCases: Cases = {
  "get: where nothing is stored there is null or undefined": async ({ here, key }) => {
    same("get", await here.get(key("nothing")), null, "for a key never stored");
  },

  "set: what was set is what get gives, to every handle": async ({ here, there, key }) => {
    await here.set(key("a"), "from here", LONG_MS);
    await there.set(key("b"), "from there", LONG_MS);
    same("get", await here.get(key("a")), "from here", "right after setting it");
    same("get", await there.get(key("a")), "from here", "right after another handle set it");
    same("get", await here.get(key("b")), "from there", "right after another handle set it");
  },

  "set: replaces what was stored, no matter who stored it": async ({ here, there, key }) => {
    await here.set(key("a"), "a first and longer value", LONG_MS);
    await here.set(key("a"), "second", LONG_MS);
    same("get", await here.get(key("a")), "second", "after setting it again");
    await there.set(key("a"), "third", LONG_MS);
    same("get", await here.get(key("a")), "third", "after another handle set it again");
  },

  "delete: removes the value, for every handle": async ({ here, there, key }) => {
    await here.set(key("a"), "value", LONG_MS);
    await there.get(key("a"));
    await here.delete(key("a"));
    same("get", await here.get(key("a")), null, "after deleting it");
    same("get", await there.get(key("a")), null, "after another handle deleted it");
  },

  "delete: where nothing is stored it does no harm": async ({ here, key }) => {
    await here.delete(key("nothing"));
    same("get", await here.get(key("nothing")), null, "after deleting nothing");
  },

  "delete: the key can be set again": async ({ here, key }) => {
    await here.set(key("a"), "first", LONG_MS);
    await here.delete(key("a"));
    await here.set(key("a"), "second", LONG_MS);
    same("get", await here.get(key("a")), "second", "after deleting it and setting it again");
  },

  "delete: leaves every other key": async ({ here, key }) => {
    for (const name of ["a", "ab", "b"]) await here.set(key(name), name, LONG_MS);
    await here.delete(key("a"));
    same("get", await here.get(key("ab")), "ab", "after deleting a prefix of its key");
    same("get", await here.get(key("b")), "b", "after deleting another key");
  },
};

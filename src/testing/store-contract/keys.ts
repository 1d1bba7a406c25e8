import { same } from "./error.js";
import { type Cases, type Fixture, LONG_MS } from "./fixture.js";

const LONGEST_KEY = 200;

/** Keys are opaque: up to 200 bytes of letters, digits and `_.-:%~`, compared byte by byte. */
export const keyCases: Cases = {
  "keys: every letter, every digit and _.-:%~ may be in one": (fixture) =>
    areApart(fixture, [
      fixture.key("abcdefghijklmnopqrstuvwxyz"),
      fixture.key("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
      fixture.key("0123456789_.-:%~"),
      ...[..."_.-:%~"].flatMap((sign) => [
        fixture.key(sign),
        fixture.key(`a${sign}`),
        fixture.key(`${sign}a`),
      ]),
    ]),

  "keys: upper and lower case differ": (fixture) =>
    areApart(fixture, [fixture.key("Name"), fixture.key("name"), fixture.key("NAME")]),

  "keys: percent escapes are not decoded": (fixture) =>
    areApart(
      fixture,
      ["%41", "A", "%2541", "%2f", "%2F", "%zz", "100%", "%00", "%E4%BD%A0"].map(fixture.key),
    ),

  "keys: one that is the beginning of another is a key of its own": (fixture) =>
    areApart(fixture, ["a", "a:", "a:b", "a:b:c", "a.", "a.b", "a.b.c"].map(fixture.key)),

  "keys: a dot, an underscore or a per cent sign stands for itself alone": (fixture) =>
    areApart(fixture, ["a_c", "a.c", "a%c", "abc", "abbc", "ac"].map(fixture.key)),

  "keys: 200 bytes, which differ in the last": (fixture) => {
    const start = fixture.prefix.padEnd(LONGEST_KEY - 1, "x");
    return areApart(fixture, [`${start}1`, `${start}2`, start]);
  },

  "keys: 200 bytes, of escapes": (fixture) => {
    const start = fixture.prefix.padEnd(LONGEST_KEY - 3, "%E4%BD%A0");
    return areApart(fixture, [`${start}%41`, `${start}%42`]);
  },

  // Without a prefix, because with one they would be harmless.
  "keys: dots alone, and the names of an object's own members": (fixture) =>
    areApart(fixture, [".", "..", "__proto__", "constructor", "hasOwnProperty", "toString"]),
};

/** All keys are empty at first, and then each keeps a value of its own. */
async function areApart({ here, there }: Fixture, keys: readonly string[]): Promise<void> {
  for (const key of keys) await here.delete(key);
  for (const key of keys) same("get", await here.get(key), null, `for ${key}, where nothing is stored`);
  for (const key of keys) await here.set(key, `the value of ${key}`, LONG_MS);
  for (const key of keys) {
    same("get", await there.get(key), `the value of ${key}`, `for ${key}, beside ${keys.length - 1} others`);
  }
  for (const key of keys) await here.delete(key);
  for (const key of keys) same("get", await there.get(key), null, `for ${key}, after deleting it`);
}

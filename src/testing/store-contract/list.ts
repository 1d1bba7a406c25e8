import type { StoreEntry } from "../../options/store.js";
import { StoreContractError, same, show } from "./error.js";
import { type Cases, LONG_MS } from "./fixture.js";
import type { Subject } from "./subject.js";

const MANY = 500;
const AT_ONCE = 25;

/** Every live record under a prefix. */
export const listCases: Cases = {
  "list: gives every record under the prefix, whichever handle stored it": async ({
    here,
    there,
    prefix,
    key,
  }) => {
    await here.set(key("a"), "from here", LONG_MS);
    await there.set(key("b"), "from there", LONG_MS);
    await here.set(key("b:c"), '{"spaced": "out" }\n', LONG_MS);
    await lists(here, prefix, {
      [key("a")]: "from here",
      [key("b")]: "from there",
      [key("b:c")]: '{"spaced": "out" }\n',
    });
  },

  "list: gives nothing where nothing is under the prefix": async ({ here, key }) => {
    await here.set(key("other"), "value", LONG_MS);
    await lists(here, key("nothing"), {});
  },

  "list: gives only what is under the prefix, itself included": async ({ here, key }) => {
    for (const name of ["a", "a:", "a:b", "ab", "b", "b:a:"]) await here.set(key(name), name, LONG_MS);
    await lists(here, key("a:"), { [key("a:")]: "a:", [key("a:b")]: "a:b" });
  },

  "list: a prefix is no pattern, and its case counts": async ({ here, key }) => {
    for (const name of ["a_x", "a.x", "a%x", "abx", "A_x", "A.x", "A%x"])
      await here.set(key(name), name, LONG_MS);
    for (const sign of ["_", ".", "%"])
      await lists(here, key(`a${sign}`), { [key(`a${sign}x`)]: `a${sign}x` });
  },

  "list: gives the newest value": async ({ here, there, prefix, key }) => {
    await here.set(key("a"), "first", LONG_MS);
    await lists(here, prefix, { [key("a")]: "first" });
    await there.set(key("a"), "second", LONG_MS);
    await lists(here, prefix, { [key("a")]: "second" });
  },

  "list: gives nothing that was deleted": async ({ here, there, prefix, key }) => {
    await here.set(key("a"), "value", LONG_MS);
    await here.set(key("b"), "value", LONG_MS);
    await there.delete(key("a"));
    await lists(here, prefix, { [key("b")]: "value" });
  },

  "list: gives nothing that has expired": async ({ here, key, shortMs, lapse }) => {
    await here.set(key("all:a"), "value", LONG_MS);
    // Never read again by get, because in some stores that removes it.
    await here.set(key("all:b"), "value", shortMs);
    await here.set(key("all:c"), "first", shortMs);
    await here.set(key("all:c"), "second", LONG_MS);
    await lapse();
    await lists(here, key("all:"), { [key("all:a")]: "value", [key("all:c")]: "second" });
  },

  "list: gives 500 records, each once": async ({ here, prefix, key }) => {
    const expected: Record<string, string> = {};
    for (let start = 0; start < MANY; start += AT_ONCE) {
      const keys = Array.from({ length: AT_ONCE }, (_, at) => key(`${start + at}`));
      await Promise.all(keys.map((each) => here.set(each, `the value of ${each}`, LONG_MS)));
      for (const each of keys) expected[each] = `the value of ${each}`;
    }
    await lists(here, prefix, expected);
  },
};

/** The same for swaps. */
export const listSwapCases: Cases = {
  "list: gives what was swapped in": async ({ here, there, prefix, key }) => {
    await here.swap(key("a"), null, "first", LONG_MS);
    await there.swap(key("b"), null, "first", LONG_MS);
    await there.swap(key("b"), "first", "second", LONG_MS);
    await there.swap(key("c"), "something", "never", LONG_MS);
    await lists(here, prefix, { [key("a")]: "first", [key("b")]: "second" });
  },
};

async function lists(
  through: Subject,
  prefix: string,
  expected: Readonly<Record<string, string>>,
): Promise<void> {
  const entries = await through.list(prefix);
  const listed = new Map(entries.map((entry): [string, StoreEntry] => [entry.key, entry]));
  for (const key of listed.keys()) {
    if (!Object.hasOwn(expected, key)) {
      throw new StoreContractError("list", `only live records under ${prefix}`, `${show(key)} as well`);
    }
  }
  for (const [key, value] of Object.entries(expected)) {
    if (!listed.has(key)) {
      throw new StoreContractError(
        "list",
        `every live record under ${prefix}`,
        `${entries.length}, without ${key}`,
      );
    }
    same("list", listed.get(key)?.value, value, `for ${key}`);
  }
  same("list", entries.length, listed.size, "records, each key once");
}

import { same } from "./error.js";
import { type Cases, LONG_MS } from "./fixture.js";
import { BIG_VALUE } from "./values.js";
import { eventually } from "./wait.js";

const MANY_CHANGES = 100;
const MANY_KEYS = 50;

/** Changes that are pushed. A watcher may get one twice, or miss one that was replaced by a newer one. */
export const watchCases: Cases = {
  "watch: a change by another handle arrives, with its key and value": async ({
    here,
    there,
    prefix,
    key,
    observe,
  }) => {
    const seen = await observe(here, prefix);
    await there.set(key("a"), "value", LONG_MS);
    await seen.arrives(key("a"), "value");
    await there.set(key("a"), '{"é": "😀"}\n', LONG_MS);
    await seen.arrives(key("a"), '{"é": "😀"}\n');
  },

  "watch: a change by the same handle arrives": async ({ here, prefix, key, observe }) => {
    const seen = await observe(here, prefix);
    await here.set(key("a"), "value", LONG_MS);
    await seen.arrives(key("a"), "value");
  },

  "watch: is live once it resolves": async ({ here, there, key, observe }) => {
    for (const round of ["1", "2", "3", "4", "5"]) {
      const seen = await observe(here, key(round));
      await there.set(key(round), "value", LONG_MS);
      await seen.arrives(key(round), "value");
    }
  },

  "watch: only changes under the prefix arrive": async ({ here, there, key, observe }) => {
    const seen = await observe(here, key("a:"));
    for (const name of ["a", "ab", "b", "b:a:"]) await there.set(key(name), "value", LONG_MS);
    await there.set(key("a:"), "value", LONG_MS);
    await there.set(key("a:b"), "last", LONG_MS);
    await seen.arrives(key("a:"), "value");
    await seen.arrives(key("a:b"), "last");
    for (const arrived of seen.keys())
      same("watch", arrived.startsWith(key("a:")), true, `for a change of ${arrived}`);
  },

  "watch: a prefix is no pattern, and its case counts": async ({ here, there, key, observe }) => {
    for (const sign of ["_", ".", "%"]) {
      const seen = await observe(here, key(`a${sign}`));
      for (const name of [`A${sign}x`, "abx", "a-x"]) await there.set(key(name), "value", LONG_MS);
      await there.set(key(`a${sign}x`), "last", LONG_MS);
      await seen.arrives(key(`a${sign}x`), "last");
      same(
        "watch",
        seen.keys().find((arrived) => arrived !== key(`a${sign}x`)),
        undefined,
        "besides the only change",
      );
    }
  },

  "watch: two watchers of one handle get what is under their own prefixes": async ({
    here,
    there,
    key,
    observe,
  }) => {
    const all = await observe(here, key("a:"));
    const some = await observe(here, key("a:b:"));
    await there.set(key("a:c"), "value", LONG_MS);
    await there.set(key("a:b:c"), "value", LONG_MS);
    await all.arrives(key("a:c"), "value");
    await all.arrives(key("a:b:c"), "value");
    await some.arrives(key("a:b:c"), "value");
    same(
      "watch",
      some.keys().includes(key("a:c")),
      false,
      `for a change of ${key("a:c")} under ${key("a:b:")}`,
    );
  },

  "watch: nothing arrives after it was disposed of, and the others stay": async ({
    here,
    there,
    prefix,
    key,
    observe,
  }) => {
    const ended = await observe(here, prefix);
    const beside = await observe(here, prefix);
    const elsewhere = await observe(there, prefix);
    await there.set(key("a"), "before", LONG_MS);
    await ended.arrives(key("a"), "before");
    await ended.dispose();
    await there.set(key("a"), "after", LONG_MS);
    await here.set(key("b"), "after", LONG_MS);
    for (const other of [beside, elsewhere]) {
      await other.arrives(key("a"), "after");
      await other.arrives(key("b"), "after");
    }
    same(
      "watch",
      ended.values(key("a")).includes("after"),
      false,
      "for a change made after it was disposed of",
    );
    same("watch", ended.keys().includes(key("b")), false, "for a change made after it was disposed of");
  },

  "watch: disposing of it twice does no harm": async ({ here, there, prefix, key, observe }) => {
    const ended = await observe(here, prefix);
    const beside = await observe(here, prefix);
    await ended.dispose();
    await ended.dispose();
    await there.set(key("a"), "after", LONG_MS);
    await beside.arrives(key("a"), "after");
  },

  "watch: can start again after it was disposed of": async ({ here, there, prefix, key, observe }) => {
    const first = await observe(here, prefix);
    await first.dispose();
    const second = await observe(here, prefix);
    await there.set(key("a"), "value", LONG_MS);
    await second.arrives(key("a"), "value");
  },

  "watch: a watcher that throws harms neither the store nor the others": async (fixture) => {
    const { here, there, prefix, key, observe, pushWithinMs } = fixture;
    let told = "";
    const thrower = await here.watch(prefix, {
      change({ value }) {
        told = value;
        throw new Error("A watcher of the store contract throws on purpose.");
      },
      gap() {},
    });
    const seen = await observe(here, prefix);
    for (const handle of [here, there]) {
      for (const value of ["first", "second"]) {
        const change = `${value} of ${handle === here ? "here" : "there"}`;
        await handle.set(key("a"), change, LONG_MS);
        await seen.arrives(key("a"), change);
        const toldLast = await eventually(
          () => told,
          (last) => last === change,
          pushWithinMs,
        );
        same("watch", toldLast, change, "for a watcher that throws each time");
      }
    }
    await thrower[Symbol.asyncDispose]();
    same("get", await here.get(key("a")), "second of there", "beside watchers that throw");
  },

  "watch: of many quick changes of one key, the last arrives": async ({
    here,
    there,
    prefix,
    key,
    observe,
  }) => {
    const seen = await observe(here, prefix);
    for (let change = 1; change <= MANY_CHANGES; change += 1) await there.set(key("a"), `${change}`, LONG_MS);
    await seen.arrives(key("a"), `${MANY_CHANGES}`);
  },

  "watch: of changes of many keys at once, each arrives": async ({ here, there, prefix, key, observe }) => {
    const seen = await observe(here, prefix);
    const keys = Array.from({ length: MANY_KEYS }, (_, at) => key(`${at}`));
    await Promise.all(keys.map((each) => there.set(each, `the value of ${each}`, LONG_MS)));
    for (const each of keys) await seen.arrives(each, `the value of ${each}`);
  },

  "watch: of a value too big to push, the change or a gap arrives": async ({
    here,
    there,
    prefix,
    key,
    observe,
    pushWithinMs,
  }) => {
    const seen = await observe(here, prefix);
    const before = seen.gaps();
    await there.set(key("a"), BIG_VALUE, LONG_MS);
    const told = await eventually(
      () => seen.gaps() > before || seen.values(key("a")).includes(BIG_VALUE),
      (arrived) => arrived,
      pushWithinMs,
    );
    same(
      "watch",
      told,
      true,
      `for a value of ${BIG_VALUE.length} bytes within ${pushWithinMs} ms: its change, or a gap`,
    );
  },
};

/** The same for swaps. */
export const watchSwapCases: Cases = {
  "watch: a swap arrives, and what a failed one would have written never does": async ({
    here,
    there,
    prefix,
    key,
    observe,
  }) => {
    const seen = await observe(here, prefix);
    await there.swap(key("a"), null, "first", LONG_MS);
    await seen.arrives(key("a"), "first");
    await there.swap(key("a"), "something else", "never", LONG_MS);
    await there.swap(key("a"), "first", "second", LONG_MS);
    await seen.arrives(key("a"), "second");
    await here.swap(key("a"), "second", "third", LONG_MS);
    await seen.arrives(key("a"), "third");
    same("watch", seen.values(key("a")).includes("never"), false, "for the value of a swap that failed");
  },
};

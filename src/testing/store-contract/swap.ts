import type { SwapResult } from "../../options/store.js";
import { StoreContractError, same, show } from "./error.js";
import { type Cases, type Fixture, LONG_MS } from "./fixture.js";
import { eventually } from "./wait.js";

/** Compare and write, one caller at a time; `contention.ts` has many at once. */
export const swapCases: Cases = {
  "swap: expecting nothing where nothing is stored, it writes": async ({ here, there, key }) => {
    wrote(await here.swap(key("a"), null, "first", LONG_MS), "first", "where nothing is stored");
    same("get", await here.get(key("a")), "first", "after swapping it in");
    same("get", await there.get(key("a")), "first", "after another handle swapped it in");
  },

  "swap: expecting nothing where something is stored, it writes nothing and says what is there": async (
    fixture,
  ) => {
    await fixture.here.set(fixture.key("a"), "stored", LONG_MS);
    await refuses(fixture, null, "stored");
  },

  "swap: expecting what is stored, it writes": async ({ here, there, key }) => {
    await here.set(key("a"), "first", LONG_MS);
    wrote(
      await here.swap(key("a"), "first", "second", LONG_MS),
      "second",
      "where what is stored was expected",
    );
    wrote(
      await there.swap(key("a"), "second", "third", LONG_MS),
      "third",
      "where another handle swapped before",
    );
    same("get", await here.get(key("a")), "third", "after two swaps");
  },

  "swap: expecting something else than is stored, it writes nothing and says what is there": async (
    fixture,
  ) => {
    await fixture.there.set(fixture.key("a"), "stored", LONG_MS);
    await refuses(fixture, "something else", "stored");
  },

  "swap: expecting something where nothing is stored, it writes nothing and says so": (fixture) =>
    refuses(fixture, "something", null),

  "swap: the value it replaces may be the one it writes": async ({ here, key }) => {
    await here.set(key("a"), "same", LONG_MS);
    wrote(await here.swap(key("a"), "same", "same", LONG_MS), "same", "where nothing changes by it");
  },

  "swap: after a delete nothing is stored": async (fixture) => {
    const { here, key } = fixture;
    await here.set(key("a"), "first", LONG_MS);
    await here.delete(key("a"));
    await refuses(fixture, "first", null);
    wrote(await here.swap(key("a"), null, "second", LONG_MS), "second", "after a delete");
  },

  "swap: the empty string is something": async (fixture) => {
    await refuses(fixture, "", null);
    await fixture.here.set(fixture.key("a"), "", LONG_MS);
    await refuses(fixture, null, "");
  },

  "swap: a beginning of the stored value, or one longer than it, is another": async (fixture) => {
    await fixture.here.set(fixture.key("a"), "value", LONG_MS);
    for (const expect of ["valu", "", "value2", "valuevalue"]) await refuses(fixture, expect, "value");
  },

  "swap: a value in another case is another": async (fixture) => {
    await fixture.here.set(fixture.key("a"), "Value", LONG_MS);
    for (const expect of ["value", "VALUE"]) await refuses(fixture, expect, "Value");
  },

  "swap: a value with other spaces around it is another": async (fixture) => {
    await fixture.here.set(fixture.key("a"), "value ", LONG_MS);
    for (const expect of ["value", "value  ", " value", "value\n"]) await refuses(fixture, expect, "value ");
  },

  "swap: a value with other accents, or in another normal form, is another": async (fixture) => {
    await fixture.here.set(fixture.key("a"), "caf\u00e9", LONG_MS);
    for (const expect of ["cafe", "cafe\u0301"]) await refuses(fixture, expect, "caf\u00e9");
  },

  "swap: another spelling of the same number, or of the same JSON, is another": async (fixture) => {
    await fixture.here.set(fixture.key("a"), "1", LONG_MS);
    for (const expect of ["1.0", "01", "1e0", "+1"]) await refuses(fixture, expect, "1");
    await fixture.here.set(fixture.key("a"), '{"a":1}', LONG_MS);
    await refuses(fixture, '{ "a": 1 }', '{"a":1}');
  },

  "swap: its now, where there is one, never goes back and moves on": async ({
    here,
    there,
    key,
    goneWithinMs,
  }) => {
    const first = (await here.swap(key("a"), null, "value", LONG_MS)).now;
    let latest = first;
    const moved = await eventually(
      async () => {
        for (const handle of [here, there]) {
          for (const expect of ["value", "another", null]) {
            latest = later(latest, (await handle.swap(key("a"), expect, "value", LONG_MS)).now);
          }
        }
        return latest;
      },
      (now) => now !== first,
      goneWithinMs,
    );
    if (first !== undefined && moved === first) {
      throw new StoreContractError(
        "swap",
        `a now that moves within ${goneWithinMs} ms`,
        `${first} all the time`,
      );
    }
  },
};

function wrote(result: SwapResult, value: string, when: string): void {
  same("swap", result.ok, true, `as ok, ${when}`);
  same("swap", result.value, value, `as the value stored now, ${when}`);
}

/** A swap of the key `a` that must fail, from either handle. */
async function refuses(
  { here, there, key }: Fixture,
  expect: string | null,
  stored: string | null,
): Promise<void> {
  for (const handle of [here, there]) {
    const when = `where ${show(expect)} was expected and ${show(stored)} is stored`;
    const result = await handle.swap(key("a"), expect, "never", LONG_MS);
    same("swap", result.ok, false, `as ok, ${when}`);
    same("swap", result.value, stored, `as the value stored now, ${when}`);
    same("get", await here.get(key("a")), stored, "after a swap that failed");
  }
}

function later(before: number | undefined, now: number | undefined): number | undefined {
  if (typeof before !== typeof now) {
    throw new StoreContractError(
      "swap",
      "a now in every answer or in none",
      `${show(now)} after ${show(before)}`,
    );
  }
  if (before !== undefined && now !== undefined && now < before) {
    throw new StoreContractError("swap", `a now of ${before} or later`, show(now));
  }
  return now;
}

import type { SwapResult } from "../../options/store.js";
import { StoreContractError, same } from "./error.js";
import { type Cases, type Fixture, LONG_MS } from "./fixture.js";
import type { Subject } from "./subject.js";

const CONTENDERS = 8;
const ROUNDS = 10;
const COUNTERS = 4;
const COUNTS_EACH = 10;

/** Swaps at the same moment, from both handles. */
export const contentionCases: Cases = {
  "swap: of many at once onto nothing, exactly one wins": async (fixture) => {
    for (let round = 0; round < ROUNDS; round += 1) await race(fixture, round, fixture.key(`${round}`), null);
  },

  "swap: of many at once onto the same value, exactly one wins, round after round": async (fixture) => {
    let stored = "start";
    await fixture.here.set(fixture.key("a"), stored, LONG_MS);
    for (let round = 0; round < ROUNDS; round += 1)
      stored = await race(fixture, round, fixture.key("a"), stored);
  },

  "swap: a counter that many advance at once loses nothing": async ({ here, there, key }) => {
    await here.set(key("count"), "0", LONG_MS);
    const counts = Array.from({ length: COUNTERS }, (_, at) => advance(at % 2 ? there : here, key("count")));
    await Promise.all(counts);
    same(
      "get",
      await here.get(key("count")),
      String(COUNTERS * COUNTS_EACH),
      "as the sum of all swaps that were ok",
    );
  },

  "swap: at once on many keys, each gets its own answer": async ({ here, there, key }) => {
    const names = Array.from({ length: 20 }, (_, at) => `key${at}`);
    for (const name of names.slice(10)) await here.set(key(name), `${name} before`, LONG_MS);
    const results = await Promise.all(
      names.map((name) => here.swap(key(name), null, `${name} after`, LONG_MS)),
    );
    for (const [at, name] of names.entries()) {
      const stored = at < 10 ? `${name} after` : `${name} before`;
      same("swap", results[at]?.value, stored, "as the value stored now, during swaps of other keys");
      same("get", await there.get(key(name)), stored, "after swaps of many keys at once");
    }
  },
};

/** All expect the same value; returns what the winner wrote. */
async function race(
  { here, there }: Fixture,
  round: number,
  key: string,
  expect: string | null,
): Promise<string> {
  const attempts = await Promise.all(
    Array.from({ length: CONTENDERS }, async (_, at): Promise<[string, SwapResult]> => {
      const value = `round ${round}, contender ${at}`;
      return [value, await (at % 2 ? there : here).swap(key, expect, value, LONG_MS)];
    }),
  );
  const winners = attempts.filter(([, { ok }]) => ok);
  const [winner] = winners;
  if (winner === undefined || winners.length > 1) {
    throw new StoreContractError("swap", `1 of ${CONTENDERS} at once to be ok`, `${winners.length}`);
  }
  const [won] = winner;
  for (const [, { value }] of attempts) {
    same("swap", value, won, "as the value stored now, which the winner wrote");
  }
  same("get", await here.get(key), won, "which the winner wrote");
  return won;
}

/** Counts on from the value that each swap returns. */
async function advance(through: Subject, key: string): Promise<void> {
  let stored = await through.get(key);
  for (let counted = 0; counted < COUNTS_EACH; ) {
    const result = await through.swap(key, stored, String(Number(stored) + 1), LONG_MS);
    if (result.ok) counted += 1;
    stored = result.value;
  }
}

import { describe, expect, test } from "vitest";
import { runs } from "../../src/protocol/runs.fixture.js";
import { during, fleet, type Member, pendingCall } from "./fleet.js";

const LACKS = [[], ["watch"], ["list"], ["swap"], ["swap", "list", "watch"]] as const;

/** Random faults of every kind in every process; then everything works again. */
async function trouble(seed: number): Promise<void> {
  const without = LACKS[seed % LACKS.length] ?? [];
  const { clock, members, store } = await fleet(4, {
    timeout: 5,
    seed,
    without,
    tells: seed % 2 === 0,
    skew: (n) => (seed % 3 === 0 ? (n - 2) * 60_000 : 0),
    options: { probes: 1 + (seed % 2) },
  });
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(clock.random() * choices.length)] as T;
  const kept = [store.snapshot()];
  const running: ReturnType<typeof pendingCall>[] = [];
  const troubles: readonly ((member: Member) => unknown)[] = [
    ({ link }) => {
      link.mode = pick(["up", "up", "down", "hanging", "read-only"]);
    },
    ({ link }) => {
      link.pushes = pick(["delivered", "lost", "repeated", "held"]);
    },
    ({ link }) => link.release(pick(["in order", "reversed"])),
    ({ link }) => {
      link.delay = pick([0, 1, 20, 100, 260, 900]);
    },
    ({ link }) => link.gap(),
    ({ circuit }) => running.push(pendingCall(circuit)),
    () => running.pop()?.succeed(),
    () => running.pop()?.fail(),
    ({ fail }) => void fail(),
    ({ fail }) => void fail(),
    ({ succeed }) => void succeed(),
    ({ succeed }) => void succeed(),
    ({ circuit }) => void pick([circuit.trip, circuit.reset]).call(circuit),
    () => store.flush(),
    () => kept.push(store.snapshot()),
    () => store.rollBack(pick(kept)),
    () => store.put("circuit:x", "rubbish"),
  ];
  for (let step = 0; step < 60; step++) {
    await pick(troubles)(pick(members));
    await clock.advance(pick([0, 1, 30, 300, 3_000]));
  }
  for (const { link } of members) Object.assign(link, { mode: "up", pushes: "delivered", delay: 1 });
  // The longest possible lease, and the longest pause before a store is asked again.
  await clock.advance(700_000);
  for (let round = 0; round < 4; round++) {
    for (const { succeed } of members) await during(clock, 2_000, succeed);
  }
  const states = members.map(({ circuit }) => circuit.snapshot());
  expect(states.map(({ state }) => state)).toEqual(members.map(() => "closed"));
  expect(states.map(({ pending }) => pending)).toEqual(members.map(() => false));
  // In step again: every process learns of a trip, and of a recovery.
  const [first] = members;
  expect(await first?.fail()).toBe("failed");
  await clock.advance(2_000);
  expect(members.map(({ circuit }) => circuit.state)).toEqual(members.map(() => "open"));
  await clock.advance(5_000);
  for (let round = 0; round < 3; round++) {
    for (const { succeed } of members) await during(clock, 2_000, succeed);
  }
  expect(members.map(({ circuit }) => circuit.state)).toEqual(members.map(() => "closed"));
}

describe("no state is a dead end", () => {
  const size = runs(100).numRuns;
  for (let block = 0; block < 5; block++) {
    const [from, to] = [block * size, block * size + size - 1];
    test(`after any mix of faults the fleet agrees again once all works (seeds ${from} to ${to})`, async () => {
      for (let seed = from; seed <= to; seed++) {
        await trouble(seed).catch((cause: unknown) => {
          throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
        });
      }
    }, 60_000);
  }
});

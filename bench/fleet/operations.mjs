// What a fleet asks of its store, by the number of its processes and the rate of its calls, at rest and in an outage.
// The shipped library under virtual time. Sizes that take too long to run are extrapolated in proportion from the
// largest one that ran, and marked.
import { chanceOf, countingStore, startFleet, virtualTime } from "./world.mjs";

export const CIRCUITS = 10;
/** Stores by their verbs, with roughly how many operations each process does a second, and for how long it is run. */
export const KINDS = {
  "list and push": { without: [], each: 1 / 15, seconds: 30, stores: "Redis, PostgreSQL, NATS, files" },
  "list, no push": { without: ["watch"], each: 1, seconds: 5, stores: "MySQL, Redis over HTTP" },
  "single reads": {
    without: ["watch", "list"],
    each: 2 * CIRCUITS,
    seconds: 2,
    stores: "memcached, DynamoDB, caches",
  },
};
const names = Array.from({ length: CIRCUITS }, (_, n) => `circuit-${n}`);
/** More operations than this are not run. */
const MOST = 120_000;
const OPERATIONS = ["get", "set", "delete", "swap", "list"];

const operationsOf = (count) => OPERATIONS.reduce((sum, verb) => sum + count[verb], 0);

/** All circuits have a record each, as after an outage, so that reads are as large as they get. */
async function eachTripped(time, [{ circuits }]) {
  for (const circuit of circuits) {
    void circuit.trip({ for: "1s" }).catch(() => {});
    await time.runUntil(time.clock.now() + 100);
  }
  await time.runUntil(time.clock.now() + 3_000);
  for (const circuit of circuits) {
    await time.runUntil(time.clock.now() + 100);
    void circuit.run(async () => "well").catch(() => {});
  }
  await time.runUntil(time.clock.now() + 3_000);
}

async function fleet(kind, size, options = {}) {
  const random = chanceOf(size);
  const time = virtualTime(random);
  const counting = countingStore(time, { without: KINDS[kind].without });
  const members = await startFleet(time, { size, names, open: 10, options, store: counting.store });
  await eachTripped(time, members);
  counting.reset();
  return { time, random, members, ...counting };
}

/** Operations, pushes and bytes a second of a fleet at rest. */
export async function atRest(kind, size) {
  const { each, seconds } = KINDS[kind];
  if (size * each * seconds > MOST) return undefined;
  const { time, count } = await fleet(kind, size);
  await time.runUntil(time.clock.now() + seconds * 1_000);
  return { operations: operationsOf(count) / seconds, bytes: count.bytes / seconds };
}

/** The same while each process makes that many calls a second, of which all succeed, and then all are rejected. */
export async function underLoad(rate, size = 4, seconds = 30) {
  const { time, members, count, reset } = await fleet("list and push", size);
  const load = async () => {
    reset();
    const began = time.clock.now();
    const calls = { made: 0, served: 0 };
    const every = Math.max(1_000 / rate, 10);
    for (let at = 0; at < seconds * 1_000; at += every) {
      await time.runUntil(began + at);
      for (const { circuits } of members)
        for (let n = 0; n < Math.max(rate / 100, 1); n++) {
          calls.made++;
          circuits[0].run(async () => calls.served++).catch(() => {});
        }
    }
    await time.runUntil(began + seconds * 1_000);
    return { calls: calls.made / seconds, served: calls.served, operations: operationsOf(count) / seconds };
  };
  const served = await load();
  await open(time, members);
  const rejected = await load();
  if (rejected.served > 0) throw new Error("a call went through an open circuit");
  return { served, rejected };
}

async function open(time, [{ circuits }]) {
  void circuits[0].hold("open", { reason: "a measurement" });
  await time.runUntil(time.clock.now() + 2_000);
}

/**
 * One outage of a minute, in which each process calls once a second and times out after a second: the operations
 * beyond those of a fleet at rest, from the first failure until the circuit is closed again.
 */
export async function inAnOutage(kind, size, dead = 60) {
  const { time, random, members, count } = await fleet(kind, size);
  const began = time.clock.now();
  const spread = members.map(() => random() * 1_000);
  const order = members.map((_, n) => n).sort((a, b) => spread[a] - spread[b]);
  let reached = 0;
  for (let second = 0; second < dead + 15; second++)
    for (const n of order) {
      const at = began + second * 1_000 + spread[n];
      // Many happen within a millisecond: time moves only if there is a reason.
      if (at - time.clock.now() > 0.5) await time.runUntil(at);
      members[n].circuits[0]
        .run(async () => {
          if (second >= dead) return;
          reached++;
          await time.sleep(1_000);
          throw new Error("time-out");
        })
        .catch(() => {});
    }
  await time.runUntil(began + (dead + 20) * 1_000);
  const closed = members.filter(({ circuits }) => circuits[0].state === "closed").length;
  if (closed < size) throw new Error(`${size - closed} of ${size} processes did not close`);
  const { swap, granted, push } = count;
  return { swap, granted, push, reached };
}

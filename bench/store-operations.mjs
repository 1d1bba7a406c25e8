// What a process asks of its store in a minute, by the verbs that the store has: node bench/store-operations.mjs
import { createFailfast, memoryStore } from "../dist/index.js";
import { manualClock } from "../dist/testing/index.js";

const MINUTE = 60_000;

/** The store with only those verbs, and a count of each use. */
function counted(clock, verbs) {
  const store = memoryStore({ clock });
  const counts = {};
  const kept = verbs.map((verb) => [
    verb,
    (...args) => {
      counts[verb] = (counts[verb] ?? 0) + 1;
      return store[verb](...args);
    },
  ]);
  return { store: Object.fromEntries(kept), counts };
}

async function measure(verbs, circuits, during) {
  const clock = manualClock();
  const { store, counts } = counted(clock, verbs);
  const failfast = createFailfast({ clock, store, timeout: 5 });
  const names = Array.from({ length: circuits }, (_, n) => `circuit${n}`);
  for (const name of names) await failfast(name).run(() => 1);
  await clock.advance(MINUTE);
  for (const verb of verbs) counts[verb] = 0;
  await during(clock, failfast, names);
  const used = Object.entries(counts).filter(([, count]) => count > 0);
  return used.map(([verb, count]) => `${count} ${verb}`).join(", ") || "nothing";
}

const idle = (clock) => clock.advance(MINUTE);
async function outage(clock, failfast) {
  await failfast("circuit0")
    .run(() => Promise.reject(new Error("backend")))
    .catch(() => undefined);
  await clock.advance(MINUTE / 2);
  await failfast("circuit0").run(() => 1);
  await clock.advance(MINUTE / 2);
}

const THREE = ["get", "set", "delete"];
for (const verbs of [
  [...THREE, "swap", "list", "watch"],
  [...THREE, "swap", "list"],
  [...THREE, "swap"],
  THREE,
]) {
  console.log(`with ${verbs.join(", ")}`);
  console.log(`  a minute, 1 circuit     ${await measure(verbs, 1, idle)}`);
  console.log(`  a minute, 10 circuits   ${await measure(verbs, 10, idle)}`);
  console.log(`  a minute with an outage ${await measure(verbs, 1, outage)}`);
}

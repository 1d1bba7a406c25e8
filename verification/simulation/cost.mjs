// What coming back costs a fleet: node verification/simulation/cost.mjs [--size 20]
//
// A backend that is dead for ten openings of a circuit: how many probes reach it at each, and what is asked of the store,
// by how its callers call and how far away the store is. The shipped library on virtual time.
import { parseArgs } from "node:util";
import { createFailfast, isFailfastError } from "failfast";
import { countingStore } from "../../bench/fleet/world.mjs";
import { chanceOf, virtualTime } from "./time.mjs";

const OPEN = 30;
const OPENINGS = 10;

const { values } = parseArgs({ options: { size: { type: "string", default: "20" } } });
const SIZE = Number(values.size);

/** How a caller calls: once in that many ms, with a function that can wait for the lease, or with one that can't. */
const CALLERS = {
  "async, two calls a second": { everyMs: 500, wrap: (circuit) => circuit(async (work) => work()) },
  "async, a call every 20 s": { everyMs: 20_000, wrap: (circuit) => circuit(async (work) => work()) },
  "sync, two calls a second": { everyMs: 500, wrap: (circuit) => circuit((work) => work()) },
  "sync, a call every 20 s": { everyMs: 20_000, wrap: (circuit) => circuit((work) => work()) },
};

/** One way, in ms: a store near by, in the same region, in another region, and on another continent. */
const WAYS = [0.5, 5, 40, 130, 350];

console.log(`${SIZE} processes; per opening:\n`);
console.log(
  "| callers | an answer of the store, ms | probes | swaps asked | swaps granted |\n|---|---|---|---|---|",
);
for (const [title, caller] of Object.entries(CALLERS))
  for (const way of WAYS) {
    const { probes, swaps, granted } = await outage(caller, way);
    const cells = [probes, swaps, granted].map((count) => (count / OPENINGS).toFixed(1));
    console.log(`| ${[title, 2 * way, ...cells].join(" | ")} |`);
  }

async function outage({ everyMs, wrap }, way) {
  const random = chanceOf(1);
  const time = virtualTime(random);
  const { store, count, reset } = countingStore(time, { delay: () => way * (0.9 + 0.2 * random()) });
  const fleet = Array.from({ length: SIZE }, (_, n) =>
    createFailfast({ clock: time.clock, store, host: `h${n}` }),
  );
  const circuits = fleet.map((failfast) => failfast("backend", OPEN));
  const ready = fleet.map((failfast) => failfast.ready());
  await time.runUntil(5_000);
  await Promise.all(ready);
  let reached = 0;
  const dead = () => {
    reached++;
    throw new Error("the backend is dead");
  };
  const calls = circuits.map(wrap);
  const call = (n) => {
    try {
      calls[n](dead)?.catch?.(() => undefined);
    } catch (error) {
      if (!isFailfastError(error) && error.message !== "the backend is dead") throw error;
    }
  };
  // One process trips, and all know before anybody else calls.
  call(0);
  await time.runUntil(time.clock.now() + 5_000);
  reset();
  reached = 0;
  for (const n of fleet.keys()) {
    const again = () => {
      call(n);
      time.clock.after(everyMs * (0.9 + 0.2 * random()), again);
    };
    time.clock.after(random() * everyMs, again);
  }
  // Open for its time, and as long again as it takes until somebody calls.
  let openings = 0;
  circuits[0].on("open", () => openings++);
  while (openings < OPENINGS) await time.runUntil(time.clock.now() + 1_000);
  return { probes: reached, swaps: count.swap, granted: count.granted };
}

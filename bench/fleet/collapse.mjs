// Brooker's collapse (github.com/mbrooker/simulator_example, simple_collapse_sim): a server that gets slower with its
// load, callers that give up after 3 s and try up to three times at once, and a period of twice the load: five seconds
// of it, or a slow rise and fall.
import { chanceOf, countingStore, endOf, startFleet, virtualTime } from "./world.mjs";

const TIMEOUT_MS = 3_000;
const TRIES = 3;
export const SECONDS = 60;
/** Requests a second that arrive. */
const LOADS = {
  spike: (second) => (second >= 20 && second <= 25 ? 80 : 40),
  ramp: (second) => Math.max(80 - 1.6 * Math.abs(second - 25), 0),
};
const NETWORK_MS = 100;

export const COLLAPSE = {
  "no breaker": undefined,
  "100 separate breakers": { scope: "process", threshold: 5, window: "10s" },
  /** Five failures within the window, on five hosts: each process counts its own. */
  "failfast, shared by 100": { quorum: 5, window: "10s" },
};

/** Arrivals, successes and server calls by the second, and trips. */
export async function collapse(way, seed, load = "spike") {
  const random = chanceOf(seed);
  // The same requests arrive, whatever the breaker does.
  const arrivals = chanceOf(1_000 + seed);
  const time = virtualTime(random);
  const options = COLLAPSE[way];
  let trips = 0;
  let run = (_process, work) => work();
  if (options) {
    // A host that opens only for itself by its vote is no trip of the fleet: that is a record that opens the circuit.
    const { store } = countingStore(time, {
      granted: ({ state, revision, generation, reopens }) => {
        if (state === "open" && revision === generation && !reopens) trips++;
      },
    });
    const fleet = await startFleet(time, {
      size: 100,
      open: 5,
      options,
      store,
    });
    if (options.scope === "process") for (const { failfast } of fleet) failfast.on("open", () => trips++);
    run = (n, work) => fleet[n].circuits[0].run(work);
  }
  const began = time.clock.now();
  const at = () => Math.min(Math.floor((time.clock.now() - began) / 1_000), SECONDS - 1);
  const by = {
    arrived: new Array(SECONDS).fill(0),
    served: new Array(SECONDS).fill(0),
    asked: new Array(SECONDS).fill(0),
  };
  let concurrency = 0;
  const network = () => time.sleep(-NETWORK_MS * Math.log(1 - random()));
  /** The server goes on with what its caller has given up. */
  const answer = async () => {
    await network();
    by.asked[at()]++;
    await time.sleep(1_000 + 10 * ++concurrency);
    concurrency--;
    await network();
    return "served";
  };
  const serve = async () => {
    if ((await Promise.race([answer(), time.sleep(TIMEOUT_MS)])) !== "served") throw new Error("time-out");
  };
  const request = async (n) => {
    by.arrived[at()]++;
    for (let tries = 0; tries < TRIES; tries++) {
      const end = await endOf(run(n, serve));
      if (end === "served") by.served[at()]++;
      if (end !== "error") return;
    }
  };
  for (let moment = 0; ; ) {
    moment += -Math.log(1 - arrivals()) / LOADS[load](moment);
    if (moment >= SECONDS) break;
    await time.runUntil(began + moment * 1_000);
    void request(Math.floor(arrivals() * 100));
  }
  await time.runUntil(began + SECONDS * 1_000);
  return { ...by, trips };
}

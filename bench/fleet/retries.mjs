// Brooker's retries (github.com/mbrooker/simulator_example, retry_sim): 100 requests a second from a number of
// clients, each tried up to three times unless a breaker says that over 10 % fail. A single client sees too few
// requests to decide.
import { chanceOf, countingStore, startFleet, virtualTime } from "./world.mjs";

const PER_SECOND = 100;
const TRIES = 3;
const RATE = 0.1;

/** As published: each client counts its own requests, for ever. */
async function ownBreakers(_time, clients) {
  const counts = Array.from({ length: clients }, () => ({ calls: 0, failures: 0 }));
  return counts.map((count) => ({
    mayRetry: () => count.failures / count.calls <= RATE,
    guard: (request) => {
      count.calls++;
      return request(() => count.failures++);
    },
  }));
}

/**
 * The circuit counts how requests end after all their attempts: once five hosts have voted, nobody retries. It rejects
 * none.
 */
async function sharedCircuit(time, clients) {
  const { store } = countingStore(time);
  const fleet = await startFleet(time, {
    size: clients,
    open: 5,
    options: { quorum: 5 },
    store,
  });
  return fleet.map(({ circuits: [circuit] }) => ({
    mayRetry: () => circuit.state === "closed",
    guard: async (request) => {
      const ended = request(() => {});
      await Promise.allSettled([ended]);
      await circuit.run(() => ended);
    },
  }));
}

export const RETRIES = { "a breaker in each client": ownBreakers, "failfast, shared": sharedCircuit };

/** The share of requests that succeed, and the calls for each request. */
export async function retries(way, { clients, failing, seconds, seed = 1 }) {
  const random = chanceOf(seed);
  const time = virtualTime(random);
  const all = await RETRIES[way](time, clients);
  const began = time.clock.now();
  const count = { requests: 0, served: 0, calls: 0 };
  const request = async ({ mayRetry, guard }) => {
    count.requests++;
    await guard(async (failed) => {
      for (let tries = 0; tries === 0 || (tries < TRIES && mayRetry()); tries++) {
        count.calls++;
        await time.sleep(10);
        if (random() >= failing) {
          count.served++;
          return;
        }
        failed();
      }
      throw new Error("backend");
    }).catch(() => {});
  };
  for (let n = 0; n < seconds * PER_SECOND; n++) {
    await time.runUntil(began + n * (1_000 / PER_SECOND));
    void request(all[Math.floor(random() * clients)]);
  }
  await time.runUntil(time.clock.now() + 5_000);
  return { success: count.served / count.requests, amplification: count.calls / count.requests };
}

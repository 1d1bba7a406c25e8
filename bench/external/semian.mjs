// The experiments that Semian publishes (github.com/Shopify/semian, experiments/), done again with this library:
// 1 000 calls a second over 60 workers, log-normal latencies of ten endpoints, a base error rate of 1 %, errors
// that come after 30 % of the latency, and a window in which something goes wrong. What is published: 60 workers,
// each with a breaker of its own. Differences: calls arrive evenly, workers have no queue and no limit.
import { chanceOf, endOf, fleetOf, virtualTime } from "./world.mjs";

const WORKERS = 60;
const PER_SECOND = 1_000;
const BASE = 0.01;

/** Log-normal with mean 0.15 s and deviation 3 s, limited to 0.1 to 10 s: ten endpoints, drawn once. */
function endpoints(random) {
  const variance = Math.log(1 + (3 / 0.15) ** 2);
  const mu = Math.log(0.15) - variance / 2;
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: 10 }, () =>
    Math.min(Math.max(Math.exp(mu + Math.sqrt(variance) * normal()), 0.1), 10),
  );
}

/** The share of calls that fail, by second. */
export const EXPERIMENTS = {
  "100 % errors for 20 s": { seconds: 120, from: 60, to: 80, rate: (s) => (s >= 60 && s < 80 ? 1 : BASE) },
  "20 % errors for 20 s": { seconds: 120, from: 60, to: 80, rate: (s) => (s >= 60 && s < 80 ? 0.2 : BASE) },
  "gradual, 1 to 5 %": {
    seconds: 180,
    from: 60,
    to: 180,
    rate: (s) => (s < 60 ? BASE : BASE + (0.04 * (s - 60)) / 120),
  },
  "oscillating, 2 to 6 %": {
    seconds: 180,
    from: 60,
    to: 180,
    rate: (s) => (s < 60 ? BASE : 0.04 + 0.02 * Math.sin(s / 5)),
  },
  "near target, 1.2 %": { seconds: 120, from: 60, to: 120, rate: (s) => (s < 60 ? BASE : 0.012) },
  "20 % errors, sustained": { seconds: 180, from: 60, to: 180, rate: (s) => (s < 60 ? BASE : 0.2) },
};

export const LOCAL = { scope: "process", threshold: 12, window: "20s", probes: 2 };
export const SHARED = { threshold: 2, window: "1s", quorum: 3 };
export const RATED = { failureRate: 0.5, minimumCalls: 10, window: "10s", quorum: 3 };

/** Errors and rejections while something is wrong, and rejections afterwards. */
export async function experiment(name, options, { open = 15, seed = 1 } = {}) {
  const { seconds, from, to, rate } = EXPERIMENTS[name];
  const random = chanceOf(seed);
  const time = virtualTime(random);
  const latencies = endpoints(random);
  const circuits = await fleetOf(time, WORKERS, open, options);
  const began = time.clock.now();
  const count = { errors: 0, rejected: 0, rejectedAfter: 0, served: 0 };
  const call = async (n) => {
    const second = n / PER_SECOND;
    const latency = latencies[Math.floor(random() * 10)] * 1_000;
    const fails = random() < rate(second);
    const end = await endOf(
      circuits[Math.floor(random() * WORKERS)].run(async () => {
        await time.sleep(fails ? latency * 0.3 : latency);
        if (fails) throw new Error("backend");
      }),
    );
    const inside = second >= from && second < to;
    if (end === "served") count.served++;
    else if (inside) count[end === "error" ? "errors" : "rejected"]++;
    else if (second >= to && second < to + 20 && end === "rejected") count.rejectedAfter++;
  };
  const calls = [];
  for (let n = 0; n < seconds * PER_SECOND; n++) {
    await time.runUntil(began + n);
    calls.push(call(n));
  }
  await time.runUntil(began + seconds * 1_000 + 20_000);
  await Promise.all(calls);
  return count;
}

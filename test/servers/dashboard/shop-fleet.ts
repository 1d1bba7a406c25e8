// The fleet of a shop during an outage, for the pictures in the docs and for tests of the page.
import { AT, circuitOf, type FakeFleet, fakeFleet, processOf } from "../../../src/dashboard/fleet.fixture.js";
import type { CircuitOfFleet, ProcessOfFleet } from "../../../src/fleet/view.js";

const SERVICES = ["billing", "checkout", "catalogue", "search", "shipping", "accounts", "mail", "media"];
const BACKENDS = [
  "database",
  "cache",
  "queue",
  "api",
  "replica",
  "webhooks",
  "exports",
  "tax",
  "fraud",
  "rates",
];
const HOSTS = ["web-1", "web-2", "web-3", "web-4", "jobs-1", "jobs-2"];
const STEP_MS = 5_000;

/** Numbers that look random: the pictures must be the same each time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const settings = {
  timeout: "60s",
  consecutive: "5",
  callTimeout: "2s",
  slowCall: "500ms",
  scope: "fleet",
  quorum: "2",
};

export interface ShopFleet extends FakeFleet {
  /** Five seconds pass. */
  step(): void;
}

export function shopFleet(at: number = AT): ShopFleet {
  const random = chance(7);
  const names = SERVICES.flatMap((service) =>
    BACKENDS.flatMap((backend) => [`${service}_${backend}`, `${service}_${backend}_eu`]),
  );
  names.push("payments:stripe", "payments:adyen", "payments:paypal", "llm:summaries", "llm:search");
  const loads = names.map(() => 2 ** (random() * 8));
  const totals = names.map(() => ({ calls: 0, failures: 0, rejections: 0, slow: 0 }));
  let now = at;
  let steps = 0;

  const processes = (): ProcessOfFleet[] =>
    HOSTS.flatMap((host, h) =>
      [0, 1].map((n) =>
        processOf(`${host}/${4_100 + h * 10 + n}`, {
          host,
          pid: 4_100 + h * 10 + n,
          service: host.startsWith("jobs") ? "shop-jobs" : "shop",
          version: host === "jobs-2" ? "0.1.0" : "0.2.0",
          startedAt: at - 86_400_000 * (h + 1),
          seenAt: now - 900 * ((h + n) % 3),
          circuits: names.length,
        }),
      ),
    );

  const trouble = (name: string): Partial<CircuitOfFleet> => {
    const began = at + 46 * STEP_MS;
    if (name === "payments:stripe" && steps >= 46)
      return {
        state: "open",
        since: began,
        until: now + 24_000,
        reason: "5 failures in a row",
        by: "web-3/4121@shop",
        reopens: 2,
      };
    if (name === "search_api_eu" && steps >= 50)
      return {
        state: "open",
        since: began + 20_000,
        until: now + 41_000,
        reason: "half of 120 calls took longer than 500ms",
        by: "web-1/4100@shop",
      };
    if (name === "shipping_rates" && steps >= 40)
      return {
        state: "half-open",
        since: began,
        until: now + 9_000,
        reason: "3 failures in 10 s",
        by: "jobs-1/4140@shop-jobs",
      };
    if (name === "billing_exports")
      return {
        held: "open",
        since: at - 1_200_000,
        until: now + 2_400_000,
        reason: "the ledger is being migrated, ask Maria",
        by: "maria@web-1",
      };
    if (name === "accounts_replica" && steps >= 44) return { votes: [{ host: "web-2", until: now + 8_000 }] };
    return {};
  };

  const circuits = (): CircuitOfFleet[] =>
    names.map((name, index) => {
      const what = trouble(name);
      const total = totals[index] ?? { calls: 0, failures: 0, rejections: 0, slow: 0 };
      const calls = (loads[index] ?? 1) * STEP_MS * 0.001 * (0.75 + random() * 0.5);
      const rejected = what.state === "open" || what.held === "open";
      const failing = steps > 40 && ["payments:stripe", "search_api_eu", "shipping_rates"].includes(name);
      const next = {
        calls: total.calls + Math.round(rejected ? 0 : calls),
        failures:
          total.failures + Math.round(rejected ? 0 : calls * (failing ? 0.7 : random() < 0.04 ? 0.05 : 0)),
        rejections: total.rejections + Math.round(rejected ? calls : 0),
        slow: total.slow + Math.round(calls * 0.002),
      };
      totals[index] = next;
      const slow = failing ? 1_900 : 20 + 160 * ((index * 7) % 10) ** 2 * 0.01;
      return circuitOf(name, {
        ...what,
        totals: next,
        inFlight: Math.round(calls / 40),
        latencyMs: { p50: slow / 3, p99: slow * (0.9 + random() * 0.2) },
        settings,
        processes: processes().map(({ id, version }) => ({
          id,
          state: what.state ?? "closed",
          disagrees:
            name === "payments:stripe" && version === "0.1.0"
              ? "an older version, 0.1.0: it does not vote"
              : undefined,
        })),
      });
    });

  const fleet = fakeFleet();
  const step = (): void => {
    steps++;
    now += STEP_MS;
    fleet.set({
      at: now,
      store: { up: true, since: at - 86_400_000, latencyMs: 1.4 },
      circuits: circuits(),
      processes: processes(),
    });
  };
  step();
  const minutesAgo = (minutes: number): number => at + 58 * STEP_MS - minutes * 60_000;
  fleet.trail.push(
    {
      at: minutesAgo(24),
      verb: "hold",
      circuit: "billing_exports",
      by: "maria@web-1",
      reason: "the ledger is being migrated, ask Maria",
      until: minutesAgo(-40),
      holds: "open",
    },
    {
      at: minutesAgo(71),
      verb: "reset",
      circuit: "mail_queue",
      by: "tom@laptop",
      reason: "provider confirmed the fix",
      until: undefined,
    },
    {
      at: minutesAgo(75),
      verb: "trip",
      circuit: "mail_queue",
      by: "tom@laptop",
      reason: "provider asked us to stop",
      until: minutesAgo(70),
    },
  );
  return Object.assign(fleet, { step });
}

import type { Breaker } from "../breaker/breaker.js";
import type { Sampler } from "../breaker/sampler.js";
import type { StoreSession } from "../breaker/store-session.js";
import { describeSettings } from "./describe-settings.js";
import type { CircuitReport, ProcessReport } from "./process-report.js";

/** A report has at most this many circuits: first those that are not closed, then those with most calls. */
const MOST_CIRCUITS = 500;
/** The settings in a report. A process has few different ones, even if it has many circuits. */
const MOST_SETTINGS = 64;

/** Where the circuits come from. The parts of the core are passed in, so that the core can load this on demand. */
export interface Reported {
  readonly session: StoreSession;
  /** The version of this package. */
  readonly version: string;
  breakers(): Iterable<Breaker>;
}

/** The circuits that a process reports. Those that stay in the process are not reported. */
export function* reportedBreakers({ breakers }: Reported): Generator<Breaker> {
  for (const breaker of breakers()) if (breaker.settings.scope !== "process") yield breaker;
}

/** What this process reports about itself now. */
export function collectReport(
  reported: Reported,
  startedAt: number,
  everyMs: number,
  samplers?: ReadonlyMap<Breaker, Sampler>,
): ProcessReport {
  const { replica, host } = reported.session;
  const ranked = [...reportedBreakers(reported)].map((breaker) => ({
    breaker,
    state: breaker.status,
    weight: breaker.counts.rejections + breaker.counts.failures + (samplers?.get(breaker)?.total ?? 0),
  }));
  const rank = ({ state }: (typeof ranked)[number]): number =>
    state.held !== undefined || state.state !== "closed" ? 0 : 1;
  ranked.sort((a, b) => rank(a) - rank(b) || b.weight - a.weight);
  const settings: Record<string, string>[] = [];
  const known = new Map<string, number>();
  const circuits: CircuitReport[] = [];
  for (const { breaker, state } of ranked.slice(0, MOST_CIRCUITS)) {
    const described = describeSettings(breaker.settings);
    const text = JSON.stringify(described);
    let at = known.get(text);
    if (at === undefined) {
      if (settings.length === MOST_SETTINGS) continue;
      at = settings.push(described) - 1;
      known.set(text, at);
    }
    const sampler = samplers?.get(breaker);
    const { counts } = breaker;
    circuits.push({
      key: breaker.key,
      state: state.state,
      held: state.held,
      pending: breaker.pending,
      settings: at,
      // A sampler begins with the first report.
      calls: sampler && Math.max(sampler.total, counts.failures),
      failures: counts.failures,
      rejections: counts.rejections,
      slow: counts.slowCalls,
      inFlight: breaker.inFlight?.calls,
      latencyMs: sampler?.latencyMs,
    });
  }
  // In the form of the identity, after the host.
  const [, pid, service] = /^\/(\d+)\/[^@]*(?:@(.*))?$/s.exec(replica.identity.slice(host.length)) ?? [];
  return {
    id: replica.identity,
    host,
    pid: Number(pid) || undefined,
    service,
    version: reported.version,
    startedAt: Math.round(startedAt),
    at: Math.round(replica.storeClock.now()),
    everyMs,
    storeUp: !replica.synchroniser.down,
    total: ranked.length,
    settings,
    circuits,
  };
}

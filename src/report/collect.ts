import type { Breaker } from "../breaker/breaker.js";
import type { Sampler } from "../breaker/sampler.js";
import type { StoreSession } from "../breaker/store-session.js";
import { describeSettings } from "./describe-settings.js";
import type { CircuitReport, ProcessReport } from "./process-report.js";

/** No report has more circuits; those that are not closed come first, then those with most calls. */
const MOST_CIRCUITS = 500;
/** What a report says of settings, which are few in a process whose circuits are many. */
const MOST_SETTINGS = 64;

/** Whose circuits are reported. What it needs of the core is handed in, so that the core can load this on demand. */
export interface Reported {
  readonly session: StoreSession;
  /** Of this package. */
  readonly version: string;
  breakers(): Iterable<Breaker>;
}

/** Those that a process reports: what stays in the process is told to nobody. */
export function* reportedBreakers({ breakers }: Reported): Generator<Breaker> {
  for (const breaker of breakers()) if (breaker.settings.scope !== "process") yield breaker;
}

/** What this process has to say of itself now. */
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
    weight: breaker.rejections + breaker.failures + (samplers?.get(breaker)?.total ?? 0),
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
    circuits.push({
      key: breaker.key,
      state: state.state,
      held: state.held,
      pending: breaker.pending,
      settings: at,
      // A sampler begins with the first report.
      calls: sampler && Math.max(sampler.total, breaker.failures),
      failures: breaker.failures,
      rejections: breaker.rejections,
      slow: breaker.slowCalls,
      inFlight: breaker.inFlight?.calls,
      latencyMs: sampler?.latencyMs,
    });
  }
  // As the identity has them, behind the host.
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

import type { Breaker } from "../breaker/breaker.js";
import { tenthsOfSeconds } from "../errors/seconds.js";
import type { CircuitState } from "../protocol/record.js";

/** A circuit at one moment, for logs and dashboards. */
export interface Snapshot {
  readonly name: string;
  readonly state: CircuitState;
  /** Set while an operator holds it. */
  readonly held: "open" | "closed" | undefined;
  /** Whether it is in `mode: "shadow"`, and stops no call, whatever its state is; false before the first call. */
  readonly shadow: boolean;
  /** Seconds until it may be called again, to a tenth, rounded up; 0 when it may be. */
  readonly retryAfter: number;
  /** The generation and revision of the fleet's record; 0 where there is none. */
  readonly generation: number;
  readonly revision: number;
  /** Who holds it, or else last changed its state, why, and when (ms since the epoch); empty and 0 where unknown. */
  readonly by: string;
  readonly reason: string;
  readonly at: number;
  /** When that ends by itself, in ms since the epoch on this process's clock; 0 where it doesn't. */
  readonly until: number;
  /** This process has decided something that the store has not granted yet. */
  readonly pending: boolean;
  /**
   * How many calls of this process are under way, streams until their first item, and for how long the oldest has been,
   * in ms, 0 where there is none. `undefined` where calls are not measured: without `slowCall`, and with nobody
   * listening to successes, as metrics do; and before the first call.
   */
  readonly inFlight: number | undefined;
  readonly oldestCallMs: number | undefined;
}

export function snapshotOf(name: string, breaker: Breaker | undefined): Snapshot {
  const record = breaker?.record;
  return {
    name,
    state: breaker?.state ?? "closed",
    held: breaker?.held,
    shadow: breaker?.settings.mode === "shadow",
    retryAfter: tenthsOfSeconds(breaker?.retryAfterMs ?? 0),
    generation: record?.generation ?? 0,
    revision: record?.revision ?? 0,
    ...whyOf(breaker),
    until: untilOf(breaker),
    pending: breaker?.pending ?? false,
    inFlight: breaker?.inFlight?.calls,
    oldestCallMs: breaker?.inFlight?.oldestMs,
  };
}

function whyOf(breaker: Breaker | undefined): Pick<Snapshot, "by" | "reason" | "at"> {
  const { by = "", reason = "", at = 0 } = breaker?.hold?.record ?? breaker?.record ?? {};
  const decision = breaker?.decision;
  const own = breaker?.hold === undefined && decision !== undefined && "reason" in decision;
  return own ? { by: breaker?.identity ?? "", reason: decision.reason, at } : { by, reason, at };
}

function untilOf(breaker: Breaker | undefined): number {
  if (breaker === undefined) return 0;
  const { clock } = breaker.session;
  const leftMs = breaker.hold === undefined ? breaker.retryAfterMs : breaker.hold.untilMs - clock.now();
  return leftMs > 0 && Number.isFinite(leftMs) ? Math.round(clock.wall() + leftMs) : 0;
}

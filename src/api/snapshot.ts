import type { Breaker } from "../breaker/breaker.js";
import type { Status } from "../breaker/reducer/standing.js";
import { INITIAL } from "../breaker/reducer/state.js";
import { tenthsOfSeconds } from "../errors/seconds.js";
import type { CircuitState } from "../protocol/record.js";

/** A circuit at one moment, for logs and dashboards. */
export interface Snapshot {
  readonly name: string;
  readonly state: CircuitState;
  /** Set while an operator holds it. */
  readonly held: "open" | "closed" | undefined;
  /** Whether it is in `mode: "shadow"`, in which it rejects no call in any state; false while nothing of it is known here. */
  readonly shadow: boolean;
  /** Seconds until calls may go through again, to a tenth, rounded up; 0 if they may now. */
  readonly retryAfter: number;
  /** The generation of the fleet's record: it grows at each change of state; 0 if there is no record. */
  readonly generation: number;
  /** The revision of the fleet's record: it grows at each write; 0 if there is no record. */
  readonly revision: number;
  /** Who holds it, or otherwise who changed its state last; empty if unknown. */
  readonly by: string;
  /** Why they did; empty if unknown. */
  readonly reason: string;
  /** When they did, in ms since the epoch; 0 if unknown. */
  readonly at: number;
  /** When the hold or the open time ends by itself, in ms since the epoch on this process's clock; 0 if it doesn't. */
  readonly until: number;
  /** There is a decision of this process that the store has not granted yet. */
  readonly pending: boolean;
  /**
   * How many calls of this process have not ended; a stream counts until its first item. `undefined` if calls are not
   * measured: before the first use (with a store, a look is one), and without `slowCall` while nobody listens to
   * successes, as metrics do.
   */
  readonly inFlight: number | undefined;
  /** The age of the oldest of these calls, in ms; 0 if there is none, `undefined` if they are not measured. */
  readonly oldestCallMs: number | undefined;
}

const CLOSED: Status = { state: "closed", held: undefined, retryAfterMs: 0 };

export function snapshotOf(name: string, breaker: Breaker | undefined): Snapshot {
  const { state, held, retryAfterMs } = breaker?.status ?? CLOSED;
  const { decision, ...current } = breaker?.current ?? INITIAL;
  const record = current.record?.record;
  const hold = held === undefined ? undefined : current.hold;
  const { by = "", reason = "", at = 0 } = hold?.record ?? record ?? {};
  const own = hold === undefined && "reason" in decision;
  const clock = breaker?.session.clock;
  const leftMs = hold === undefined ? retryAfterMs : hold.untilMs - (clock?.now() ?? 0);
  const inFlight = breaker?.inFlight;
  return {
    name,
    state,
    held,
    shadow: breaker?.settings.mode === "shadow",
    retryAfter: tenthsOfSeconds(retryAfterMs),
    generation: record?.generation ?? 0,
    revision: record?.revision ?? 0,
    by: own ? (breaker?.identity ?? "") : by,
    reason: own ? decision.reason : reason,
    at,
    until: leftMs > 0 && Number.isFinite(leftMs) ? Math.round((clock?.wall() ?? 0) + leftMs) : 0,
    pending: breaker?.pending ?? false,
    inFlight: inFlight?.calls,
    oldestCallMs: inFlight?.oldestMs,
  };
}

import type { HandleOptions } from "../options/options.js";
import type { CircuitRecord } from "../protocol/record.js";
import type { Entry, Subscriber } from "../sync/entry.js";
import type { Admission } from "./admission.js";
import type { CircuitCounts } from "./counts.js";
import type { CallAnswer, Event } from "./reducer/event.js";
import type { Own } from "./reducer/standing.js";
import type { State } from "./reducer/state.js";
import type { StoreSession } from "./store-session.js";
import type { Traffic } from "./traffic.js";

/** The circuit's own check: tries the backend in the background when the open time is over, in place of a call. */
export interface Check {
  /** If it is disabled, calls are the probes. */
  readonly enabled: boolean;
  /** From now on its outcomes are judged by these options of a handle. */
  judgeBy(options: HandleOptions): void;
  /** The circuit's state or settings changed. */
  follow(): void;
  /** Stops it for good; resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

/** What decides about calls when the circuit is due, and asks for the probe's lease. */
interface LeaseGate {
  /** The process was suspended since its probe began. */
  readonly slept: boolean;
  requestLease(callTimeoutMs: number): void;
}

/**
 * What the parts of a breaker need from it. The breaker is the shell around the reducer, and these parts carry out
 * effects.
 */
export interface Shell extends Own, Subscriber {
  readonly name: string;
  /** Its name in the form that the store's keys use. */
  readonly key: string;
  readonly session: StoreSession;
  admission: Admission;
  /** What it has counted; `counting` is the same object, for adding to it. */
  readonly counts: Readonly<CircuitCounts>;
  readonly counting: CircuitCounts;
  readonly current: State;
  readonly retryAfterMs: number;
  readonly traffic: Traffic;
  readonly gate: LeaseGate;
  readonly entry: Entry<CircuitRecord>;
  dispatch(event: Event): CallAnswer | undefined;
}

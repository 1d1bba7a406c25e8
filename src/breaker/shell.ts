import type { CircuitRecord } from "../protocol/record.js";
import type { Stamp } from "../protocol/transition.js";
import type { Entry, Subscriber } from "../sync/entry.js";
import type { WriteOutcome } from "../sync/writer.js";
import type { Admission } from "./admission.js";
import type { Event, Verdict } from "./event.js";
import type { Own } from "./standing.js";
import type { Decision, State } from "./state.js";
import type { StoreSession } from "./store-session.js";
import type { Traffic } from "./traffic.js";

/** What tries the backend in the background when its time is up, in place of a call. */
export interface Check {
  /** Where it is not, calls are probes. */
  readonly enabled: boolean;
  /** The circuit is in another state, or has other settings. */
  follow(): void;
  /** For good; resolves when nothing of it is under way. */
  stop(): Promise<void>;
}

/** What the parts of a breaker see of it: the shell around the reducer, which carries out its effects by them. */
export interface Shell extends Own, Subscriber {
  readonly name: string;
  /** The name as the store's keys have it. */
  readonly key: string;
  readonly session: StoreSession;
  admission: Admission;
  trips: number;
  needlessTrips: number;
  reopensAtTrip: number;
  readonly closedAtMs: number;
  readonly current: State;
  readonly decision: Decision;
  readonly record: CircuitRecord | undefined;
  readonly cause: unknown;
  readonly retryAfterMs: number;
  readonly slept: boolean;
  readonly traffic: Traffic;
  readonly entry: Entry<CircuitRecord>;
  dispatch(event: Event): Verdict | undefined;
  released(admission: Admission): void;
  recordOf(stamp: Stamp): CircuitRecord | null;
  leaseRecord(stamp: Stamp, callTimeoutMs: number): CircuitRecord | null;
  leaseAnswered(outcome: WriteOutcome): void;
  proposalAnswered(outcome: WriteOutcome, written: Decision): void;
}

import type { RecoveryCheck } from "../options/options.js";

/** The settings of a circuit, with every default filled in; times in ms, 0 if something is off. */
export interface CircuitSettings {
  /** How long it stays open. */
  readonly openMs: number;
  readonly recovery: "probe" | "all";
  /** The circuit's own check, which tries the backend when the open time is over, in place of a call. */
  readonly check: RecoveryCheck | undefined;
  readonly probes: number;
  readonly threshold: number;
  /** Trips after this many failures in a row. */
  readonly consecutive: number;
  readonly window: number;
  readonly failureRate: number;
  readonly minimumCalls: number;
  readonly slowCall: number;
  readonly slowCallRate: number;
  /** This many slow calls in a row, and no success for twice `slowCall`, are a hang; 0: hangs are not detected. */
  readonly hangCalls: number;
  readonly backoffFactor: number;
  readonly backoffMax: number;
  readonly backoffJitter: number;
  /** 0: as long as it was last open. */
  readonly backoffForget: number;
  readonly retryAfterMin: number;
  /** 0: ignore the time that a failure asks for. */
  readonly retryAfterMax: number;
  /** Finds the seconds that a failure asks for, instead of its headers. */
  readonly retryAfterFrom: ((failure: unknown) => number | undefined) | undefined;
  readonly rampUp: number;
  readonly scope: "process" | "confirm" | "fleet";
  readonly quorum: number;
  readonly mode: "enforce" | "shadow" | "throttle";
  readonly shareReason: boolean;
  readonly stackTraces: boolean;
  readonly maxCircuits: number;
}

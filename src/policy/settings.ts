import type { RecoveryCheck } from "../options/options.js";

/** The settings of a circuit, every default in place; times in ms, 0 where something is off. */
export interface CircuitSettings {
  /** How long it stays open. */
  readonly openMs: number;
  readonly recovery: "probe" | "all";
  /** Tries it when its time is up, in place of a call. */
  readonly check: RecoveryCheck | undefined;
  readonly probes: number;
  readonly threshold: number;
  /** So many failures in a row. */
  readonly consecutive: number;
  readonly window: number;
  readonly failureRate: number;
  readonly minimumCalls: number;
  readonly slowCall: number;
  readonly slowCallRate: number;
  /** So many slow calls in a row, and no success for twice `slowCall`, are a hang; 0: it is not looked for. */
  readonly hangCalls: number;
  readonly backoffFactor: number;
  readonly backoffMax: number;
  readonly backoffJitter: number;
  /** 0: as long as it was last open. */
  readonly backoffForget: number;
  readonly retryAfterMin: number;
  /** 0: what a failure asks for is not listened to. */
  readonly retryAfterMax: number;
  /** Finds the seconds that a failure asks for, in place of looking at its headers. */
  readonly retryAfterFrom: ((failure: unknown) => number | undefined) | undefined;
  readonly rampUp: number;
  readonly scope: "process" | "confirm" | "fleet";
  readonly quorum: number;
  readonly mode: "enforce" | "shadow" | "throttle";
  readonly shareReason: boolean;
  readonly stackTraces: boolean;
  readonly maxCircuits: number;
}

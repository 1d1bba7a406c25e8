/** One failure as the breaker takes it. */
export interface Failure {
  /** What was thrown; `undefined` where a returned value failed. */
  readonly error: unknown;
  /** How it is described to the fleet, worked out where it trips: most failures of a window don't. */
  readonly reason: (error: unknown, share: boolean) => string;
  /** `host`: it says something of this host alone. `stall`: of this process's own event loop, and so nothing. */
  readonly origin: "backend" | "host" | "stall";
  readonly slow: boolean;
  /** When the call was counted as slow, while it was under way: it is no further call of the window. */
  readonly countedAtMs?: number | undefined;
  /** How long it asks for, in ms, where it does. */
  readonly openFor: number | undefined;
}

/** One failure, as the breaker receives it. */
export interface Failure {
  /** What was thrown; `undefined` if a returned value counts as the failure. */
  readonly error: unknown;
  /** Describes the failure for the fleet. A function, because most failures don't trip and need no description. */
  readonly reason: (error: unknown, share: boolean) => string;
  /** `host`: a failure of this host alone. `stall`: this process's event loop was blocked, so that it says nothing. */
  readonly origin: "backend" | "host" | "stall";
  readonly slow: boolean;
  /** When the call was counted as slow while it ran. Then it is not counted in the window again. */
  readonly countedAtMs?: number | undefined;
  /** How long the failure asks for, in ms, if it does. */
  readonly openFor: number | undefined;
}

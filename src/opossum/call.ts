import type { CallerSignal } from "../call/call-policy.js";
import { breakerError } from "./errors.js";

/** The result of a call that threw an error which `errorFilter` names. The circuit counts it as a success. */
export class Filtered {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** The result of a call that the circuit rejected. */
export class Rejected {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** What a call needs from its breaker, and reports to it, before the circuit judges the call. */
export interface CallOwner {
  /** In ms. */
  readonly timeout: number;
  readonly warmUp: boolean;
  isFiltered(error: unknown, args: readonly unknown[]): boolean;
  began(): void;
  /** The call is over, or was not made: its place is free. */
  ended(call: Call): void;
  locked(error: Error, latencyMs: number): void;
  timedOut(error: Error, latencyMs: number, args: readonly unknown[]): void;
  failed(error: unknown, latencyMs: number, args: readonly unknown[]): void;
  abort(): void;
}

/** One call. To its circuit it is the signal of the caller. */
export class Call implements CallerSignal {
  readonly reason = "it counts for nothing";
  readonly args: readonly unknown[];
  /** It has one of the `capacity` places. */
  hasPlace = false;
  /** The circuit let it through. */
  made = false;
  hasTimedOut = false;
  /** The error it failed with. */
  thrown: { readonly error: unknown; readonly filtered: boolean } | undefined;
  readonly #owner: CallOwner;
  readonly #began: number = Date.now();
  #countsForNothing = false;

  constructor(owner: CallOwner, args: readonly unknown[]) {
    this.#owner = owner;
    this.args = args;
  }

  /** Then its outcome is neither failure nor success. */
  get aborted(): boolean {
    return this.#countsForNothing;
  }

  get latencyMs(): number {
    return Date.now() - this.#began;
  }

  /** Calls the action. */
  async perform(action: (...args: never) => unknown, context: unknown): Promise<unknown> {
    this.made = true;
    this.#owner.began();
    try {
      return await Reflect.apply(action, context, this.args);
    } catch (error) {
      if (!this.hasTimedOut && this.threw(error)) return new Filtered(error);
      throw error;
    } finally {
      if (!this.hasTimedOut) this.#owner.ended(this);
    }
  }

  /**
   * Its deadline has passed. This runs before the circuit counts it, so that `timeout` and `failure` come before
   * `open`.
   */
  expire(): void {
    const { timeout } = this.#owner;
    const answer = { status: 504, statusCode: 504 };
    const error = breakerError(`Timed out after ${timeout}ms`, "ETIMEDOUT", answer);
    this.hasTimedOut = true;
    this.#owner.ended(this);
    this.#owner.timedOut(error, this.latencyMs, this.args);
    if (this.threw(error)) this.#countsForNothing = true;
    this.#owner.abort();
  }

  /** There was no free place for it. */
  locked(error: Error): void {
    this.#owner.locked(error, this.latencyMs);
    this.threw(error);
  }

  /** Reports once that it failed. Returns whether `errorFilter` names the error. */
  threw(error: unknown): boolean {
    if (this.thrown !== undefined) return this.thrown.filtered;
    const filtered = this.#owner.isFiltered(error, this.args);
    this.thrown = { error, filtered };
    if (!filtered) {
      if (this.#owner.warmUp) this.#countsForNothing = true;
      this.#owner.failed(error, this.latencyMs, this.args);
    }
    return filtered;
  }
}

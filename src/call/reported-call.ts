import type { CallerSignal } from "./call-policy.js";
import type { ListeningSignal } from "./follow.js";

/** Reports the outcome of an admitted call to the circuit. Only the first report counts. */
export interface Report {
  /** The backend answered; `results` decides whether the answer is a failure. */
  returned(answer?: unknown): void;
  threw(error: unknown): void;
  /** The caller gave up, or the call was never made: neither failure nor success. */
  left(): void;
}

/** A call whose outcome is reported, for interceptors and routes that return none. */
export interface ReportedCall {
  /** The circuit admits it. `signal`: the signal of its deadline, if it has one. */
  start(report: Report, signal: AbortSignalLike | undefined): void;
  /** The circuit rejects it: with a `FailfastError`, or with the reason of a caller that gave up before. */
  rejected(error: unknown): void;
  /** Its deadline passed before an outcome was reported. */
  late(error: unknown): void;
  /**
   * Whether, at its deadline, it still waits for something that this process itself keeps busy. Then it counts for
   * nothing.
   */
  ownWait?(): boolean;
}

/** An `AbortSignal`, if the platform's types are not known. */
export interface AbortSignalLike extends CallerSignal {
  addEventListener?(type: "abort", listener: () => void): void;
}

/** The part of a circuit that makes a call. */
interface Runs {
  run(fn: (signal: unknown) => Promise<unknown>, options: { readonly signal: never }): Promise<unknown>;
}

/** Begins the call: at once, unless it has to ask for the probe's lease. */
export function reported(circuit: Runs, call: ReportedCall): void {
  const caller = new Caller(undefined, () => call.ownWait?.() === true);
  let started = false;
  let isReported = false;
  circuit
    .run(
      (signal: unknown) =>
        new Promise((resolve, reject) => {
          started = true;
          const first = (end: () => void): void => {
            if (isReported) return;
            isReported = true;
            end();
          };
          const report: Report = {
            returned: (answer) => first(() => resolve(answer)),
            threw: (error) => first(() => reject(error)),
            left: () =>
              first(() => {
                caller.leave();
                reject(LEFT);
              }),
          };
          call.start(report, signal === caller ? undefined : (signal as AbortSignalLike));
        }),
      { signal: caller as never },
    )
    .catch((error: unknown) => {
      if (!started) call.rejected(error);
      else if (!isReported) call.late(error);
    });
}

const LEFT = new Error("the caller left");

/** The signal of a caller who may also leave without aborting it; replaces the caller's signal for one call. */
export class Caller implements CallerSignal, ListeningSignal {
  readonly origin: AbortSignalLike | undefined;
  readonly #ownWait: () => boolean;
  #left = false;

  constructor(given?: AbortSignalLike | null, ownWait: () => boolean = () => false) {
    this.origin = given ?? undefined;
    this.#ownWait = ownWait;
  }

  /** The call's deadline has passed. */
  expire(): void {
    if (this.#ownWait()) this.leave();
  }

  leave(): void {
    this.#left = true;
  }

  get aborted(): boolean {
    return this.#left || this.origin?.aborted === true;
  }

  get reason(): unknown {
    return this.#left ? LEFT : this.origin?.reason;
  }
}

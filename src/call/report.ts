import type { ListeningSignal } from "./follow.js";
import type { CallerSignal } from "./policy.js";

/** Tells the circuit what came of a call that it admitted. The first word counts. */
export interface Report {
  /** It answered; `results` says whether the answer is a failure. */
  returned(answer?: unknown): void;
  threw(error: unknown): void;
  /** Its caller gave up, or it was never made: neither failure nor success. */
  left(): void;
}

/** A call whose outcome is told, for interceptors and routes, where none is returned. */
export interface ReportedCall {
  /** The circuit admits it. `signal`: of its deadline, where it has one. */
  start(report: Report, signal: AbortSignalLike | undefined): void;
  /** The circuit rejects it: with a `FailfastError`, or with the reason of a caller that gave up before. */
  rejected(error: unknown): void;
  /** Its deadline passed before anything was told. */
  late(error: unknown): void;
  /** Whether it waits, at its deadline, for what this process itself keeps busy: then it counts for nothing. */
  ownWait?(): boolean;
}

/** An `AbortSignal`, where no platform's types are known. */
export interface AbortSignalLike extends CallerSignal {
  addEventListener?(type: "abort", listener: () => void): void;
}

/** What of a circuit makes a call. */
interface Runs {
  run(fn: (signal: unknown) => Promise<unknown>, options: { readonly signal: never }): Promise<unknown>;
}

/** Begins the call, at once but for one that has to ask for the probe. */
export function reported(circuit: Runs, call: ReportedCall): void {
  const caller = new Caller(undefined, () => call.ownWait?.() === true);
  let started = false;
  let told = false;
  circuit
    .run(
      (signal: unknown) =>
        new Promise((resolve, reject) => {
          started = true;
          const first = (word: () => void): void => {
            if (told) return;
            told = true;
            word();
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
      else if (!told) call.late(error);
    });
}

const LEFT = new Error("the caller left");

/** The signal of a caller, who may also leave without it: stands in its place for one call. */
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

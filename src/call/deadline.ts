import { TimeoutError } from "../errors/timeout-error.js";
import type { Clock } from "../runtime/clock.js";
import type { CallerSignal } from "./call-policy.js";
import { type Controller, follow, type ListeningSignal, makeController } from "./follow.js";

/** How one call under a deadline ended. */
export type Ended =
  | { readonly how: "value"; readonly value: unknown }
  | { readonly how: "error"; readonly error: unknown }
  /**
   * `began`: when, on the monotonic clock. `lateMs`: how late the deadline's timer fired, because this process was
   * busy.
   */
  | {
      readonly how: "timeout";
      readonly error: TimeoutError;
      readonly began: number;
      readonly lateMs: number;
    }
  | { readonly how: "abort"; readonly error: unknown };

/** What ends a call before it ends by itself. */
type Cut =
  | Extract<Ended, { how: "abort" }>
  | { readonly how: "timeout"; readonly began: number; readonly lateMs: number };

const WORDS = { call: "call", "first-item": "first item" } as const;
const none = (): void => undefined;

/** One call with a deadline and, for a block, a signal of its own that follows the caller's. */
export class Deadline {
  readonly #clock: Pick<Clock, "now" | "after">;
  readonly #ms: number;
  readonly #given: (CallerSignal & ListeningSignal) | undefined;
  readonly #waitsFor: "call" | "first-item";
  #controller: Controller | undefined;

  /** `ms`: 0 if it only has the signal. */
  constructor(
    clock: Pick<Clock, "now" | "after">,
    ms: number,
    given: CallerSignal | undefined,
    waitsFor: "call" | "first-item" = "call",
  ) {
    this.#clock = clock;
    this.#ms = ms;
    this.#given = given;
    this.#waitsFor = waitsFor;
  }

  /** The block's signal. The deadline and the caller abort it. */
  get signal(): unknown {
    this.#controller ??= makeController();
    return this.#controller.signal;
  }

  /** The work that used the given signal has ended. */
  abort(reason: unknown): void {
    this.#controller?.abort(reason);
  }

  /**
   * Waits for the call, its deadline or the caller's abort, whichever comes first, and calls `end` once. What `end`
   * returns or throws is the outcome. The verdict waits one more turn of the event loop, so that an answer that has
   * arrived is read.
   */
  watch(work: PromiseLike<unknown>, end: (ended: Ended) => unknown): Promise<unknown> {
    const clock = this.#clock;
    const began = clock.now();
    let cancel = none;
    let ceased: ReturnType<typeof follow> | undefined;
    let over = false;
    /** Whether it ends now. */
    const ends = (): boolean => {
      if (over) return false;
      over = true;
      cancel();
      ceased?.(this.#controller);
      return true;
    };
    const cut = new Promise<Cut>((resolve) => {
      const onAbort = (): void => {
        const error = this.#given?.reason;
        if (ends()) resolve({ how: "abort", error });
        this.#controller?.abort(error);
      };
      const expire = (): void => {
        const lateMs = clock.now() - began - this.#ms;
        cancel = clock.after(0, () => ends() && resolve({ how: "timeout", began, lateMs }), true);
      };
      if (this.#ms !== 0) cancel = clock.after(this.#ms, expire, true);
      if (this.#given?.aborted) onAbort();
      else if (this.#given) ceased = follow(this.#given, onAbort);
    });
    // A timer runs outside every async context, and what follows from it runs in the caller's.
    const outcome = cut.then((how) => {
      if (how.how === "abort") return end(how);
      // Made here and not in the timer, so that its stack names the callers.
      const error = new TimeoutError(`the ${WORDS[this.#waitsFor]} took longer than ${this.#ms} ms`, {
        waitedFor: this.#waitsFor,
      });
      try {
        return end({ ...how, error });
      } finally {
        this.#controller?.abort(error);
      }
    });
    const ended = Promise.resolve(work).then(
      (value) => (ends() ? end({ how: "value", value }) : outcome),
      (error: unknown) => (ends() ? end({ how: "error", error }) : outcome),
    );
    // The stack of an error names its callers only if nothing but these functions is between them.
    return new Promise((resolve, reject) => {
      outcome.then(resolve, reject);
      ended.then(resolve, reject);
    });
  }
}

import { TimeoutError } from "../errors/timeout-error.js";
import type { Clock } from "../runtime/clock.js";
import { follow, type ListeningSignal } from "./follow.js";
import type { CallerSignal } from "./policy.js";

/** A timer that fires this much too late, in ms or as a share of its time, was held up by this process itself. */
const LATE_MS = 100;
const LATE_SHARE = 0.2;

interface Controller {
  readonly signal: unknown;
  abort(reason: unknown): void;
}

const { AbortController } = globalThis as unknown as { AbortController: new () => Controller };

/** How one call under a deadline ended. */
export type Ended =
  | { readonly how: "value"; readonly value: unknown }
  | { readonly how: "error"; readonly error: unknown }
  /** `late`: the deadline came late, for this process was busy. */
  | { readonly how: "timeout"; readonly error: TimeoutError; readonly late: boolean }
  | { readonly how: "abort"; readonly error: unknown };

/** One call that has a deadline, and, in a block, a signal of its own that follows the caller's. */
export class Deadline {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #given: (CallerSignal & ListeningSignal) | undefined;
  #controller: Controller | undefined;

  constructor(clock: Clock, ms: number, given: CallerSignal | undefined) {
    this.#clock = clock;
    this.#ms = ms;
    this.#given = given;
  }

  /** The block's signal, aborted by the deadline and by the caller. */
  get signal(): unknown {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /**
   * Waits for the call, for its deadline, and for the caller's abort, whichever comes first, and tells `end` of it,
   * once; what `end` gives or throws is the outcome. The verdict waits one turn of the event loop, in which an answer
   * that is there already is read.
   */
  watch(work: PromiseLike<unknown>, end: (ended: Ended) => unknown): Promise<unknown> {
    const clock = this.#clock;
    const due = clock.now() + this.#ms;
    const first = new Promise<Ended>((resolve) => {
      let over = false;
      let ceased: (() => void) | undefined;
      const finish = (ended: Ended): void => {
        if (over) return;
        over = true;
        cancel();
        ceased?.();
        resolve(ended);
      };
      const onAbort = (): void => {
        const error = this.#given?.reason;
        // The answer may still be read: its signal is told though the call has ended.
        finish({ how: "abort", error });
        this.#controller?.abort(error);
      };
      const expire = (): void => {
        const late = clock.now() - due > Math.max(LATE_MS, this.#ms * LATE_SHARE);
        const error = new TimeoutError(`the call took longer than ${this.#ms} ms`);
        cancel = clock.after(
          0,
          () => finish({ how: "timeout", error, late: late || clock.stalled?.() === true }),
          true,
        );
      };
      let cancel = clock.after(this.#ms, expire, true);
      if (this.#given?.aborted) onAbort();
      else if (this.#given) ceased = follow(this.#given, onAbort);
      Promise.resolve(work).then(
        (value) => finish({ how: "value", value }),
        (error: unknown) => finish({ how: "error", error }),
      );
    });
    // A timer runs in nobody's async context; what follows from it is the caller's.
    return first.then((ended) => {
      try {
        return end(ended);
      } finally {
        if (ended.how === "timeout") this.#controller?.abort(ended.error);
      }
    });
  }
}

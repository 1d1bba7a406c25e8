import { TimeoutError } from "../errors/timeout-error.js";
import type { Clock } from "../runtime/clock.js";
import { wasBlocked } from "./excuse.js";

/** If this process itself was blocked, a stream gets its time once more, at most this many times in a row. */
const MOST_EXTENSIONS = 3;

/** A stream was silent since `since`, on the monotonic clock. */
export interface Silent {
  readonly error: TimeoutError;
  readonly since: number;
}

/**
 * Watches one stream for silence: somebody waits for the next item, and none comes. It has one timer, which fires once
 * per limit and then checks how long the silence has been.
 */
export class Silence {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onSilent: (silent: Silent) => void;
  #since: number | undefined;
  #cancel: (() => void) | undefined;
  #extensions = 0;

  /** `onSilent` is called once, when the stream has been silent for `ms`. */
  constructor(clock: Clock, ms: number, onSilent: (silent: Silent) => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onSilent = onSilent;
  }

  /** From now on somebody waits for an item, or for the next one. */
  wait(): void {
    this.#since = this.#clock.now();
    if (this.#cancel === undefined) this.#arm(this.#ms);
  }

  /** The item came, and nobody asks for the next one yet. */
  rest(): void {
    this.#since = undefined;
    this.#extensions = 0;
  }

  end(): void {
    this.#since = undefined;
    this.#cancel?.();
  }

  #arm(ms: number): void {
    const due = this.#clock.now() + ms;
    this.#cancel = this.#clock.after(ms, () => this.#look(due), true);
  }

  #look(due: number): void {
    const since = this.#since;
    this.#cancel = undefined;
    if (since === undefined) return;
    const now = this.#clock.now();
    const left = since + this.#ms - now;
    if (left > 0) {
      this.#extensions = 0;
      this.#arm(left);
    } else if (wasBlocked(this.#clock, now, since, now - due) && this.#extensions++ < MOST_EXTENSIONS)
      this.wait();
    else this.#cancel = this.#clock.after(0, () => this.#judge(since), true);
  }

  /** One turn of the event loop later: an item that has arrived has been read by then. */
  #judge(since: number): void {
    this.#cancel = undefined;
    if (this.#since !== since) {
      if (this.#since !== undefined) this.#arm(this.#ms);
      return;
    }
    this.#since = undefined;
    const error = new TimeoutError(
      `nothing came for ${this.#ms} ms while the next item of a stream was awaited`,
      {
        waitedFor: "next-item",
      },
    );
    this.#onSilent({ error, since });
  }
}

import type { Clock } from "../runtime/clock.js";
import { warn } from "../runtime/platform.js";

/** Something that takes messages, from any queue. */
export interface Consumer {
  /** Stops taking messages. */
  pause(): unknown;
  /** Takes messages again. */
  resume(): unknown;
  /** Whether it already takes messages. `false`: the first `resume` here starts it. Default: true. */
  readonly running?: boolean | undefined;
  /** Called with what `pause` or `resume` threw; they are tried again. Default: a process warning. */
  onError?(error: unknown): void;
}

/** If it takes longer, it is not awaited, in ms: for example a worker that pauses only when its jobs are done. */
const LONGEST_MS = 10_000;
/** A failed attempt is repeated after this long, in ms, and twice as long each time. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

/** Pauses and resumes a consumer, one step at a time, until it is in the wanted state. */
export class Switch {
  readonly #consumer: Consumer;
  readonly #clock: Clock;
  /** Whether it should take messages. */
  on: boolean;
  /** Whether it takes messages, as far as is known. */
  #isOn: boolean;
  #retryMs = FIRST_RETRY_MS;
  #working: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #closed = false;

  constructor(consumer: Consumer, clock: Clock) {
    this.#consumer = consumer;
    this.#clock = clock;
    this.#isOn = consumer.running ?? true;
    this.on = this.#isOn;
  }

  set(on: boolean): void {
    this.on = on;
    if (this.#cancelRetry === undefined) this.#work();
  }

  /** Waits for the step under way, and begins no other. */
  close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    return this.#working ?? Promise.resolve();
  }

  #work(): void {
    if (this.#closed || this.#working !== undefined || this.on === this.#isOn) return;
    const { on } = this;
    this.#working = this.#turn(on)
      .then(
        () => {
          this.#isOn = on;
          this.#retryMs = FIRST_RETRY_MS;
        },
        (error: unknown) => {
          this.#tell(on ? "resume" : "pause", error);
          this.#retryLater();
        },
      )
      .then(() => {
        this.#working = undefined;
        if (this.#cancelRetry === undefined) this.#work();
      });
  }

  /** The method is called on the consumer, and begins at once. */
  #turn(on: boolean): Promise<unknown> {
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(LONGEST_MS, resolve);
    });
    const consumer = this.#consumer;
    const work = new Promise((resolve) => resolve(on ? consumer.resume() : consumer.pause()));
    return Promise.race([work, late]).finally(cancel);
  }

  #retryLater(): void {
    if (this.#closed) return;
    this.#cancelRetry = this.#clock.after(this.#retryMs, () => {
      this.#cancelRetry = undefined;
      this.#work();
    });
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  #tell(what: string, error: unknown): void {
    const { onError } = this.#consumer;
    if (onError === undefined) {
      if (this.#retryMs === FIRST_RETRY_MS)
        warn("FAILFAST_QUEUE", `a consumer could not ${what}: ${String(error)}`);
      return;
    }
    try {
      onError.call(this.#consumer, error);
    } catch {
      // It was reported already.
    }
  }
}

import type { Clock } from "../runtime/clock.js";
import { warn } from "../runtime/platform.js";

/** What takes messages, from whatever queue. */
export interface Consumer {
  /** Takes no more messages. */
  pause(): unknown;
  /** Takes messages again. */
  resume(): unknown;
  /** Whether it takes messages already. `false`: it is resumed for the first time here. Default: true. */
  readonly running?: boolean | undefined;
  /** Told what `pause` or `resume` threw; it is tried again. Default: a process warning. */
  onError?(error: unknown): void;
}

/** One that takes longer is not waited for, in ms: a worker that is paused once its jobs are done. */
const LONGEST_MS = 10_000;
/** What failed is tried again after so long, and twice as long each time, in ms. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

/** Pauses and resumes a consumer, one at a time, until it is as it is wanted. */
export class Switch {
  readonly #consumer: Consumer;
  readonly #clock: Clock;
  /** Whether it is wanted to take messages. */
  on: boolean;
  /** Whether it does, as far as is known. */
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

  /** What is under way is waited for, and nothing is begun. */
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
      // It was told.
    }
  }
}

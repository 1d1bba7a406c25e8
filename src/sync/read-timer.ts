import type { Clock } from "../runtime/clock.js";

/** The longest sleep. If it takes this much longer, the whole process slept, not only this timer. */
const NAP_MS = 1_000;
const OVERSLEPT_MS = 500;
/** If the wall clock and the monotonic clock differ by this much, the process slept, or the clock was set. */
const SLEPT_MS = 1_000;

/** Is told when to read. */
export interface ReadTimerListener {
  /** It is time for the next read. */
  due(): void;
  /** The process was suspended. */
  slept(): void;
}

/**
 * Keeps the time of the next read. It sleeps in short naps, also while a read is under way, so that it notices when the
 * whole process slept.
 */
export class ReadTimer {
  readonly #clock: Clock;
  readonly #listener: ReadTimerListener;
  #due = Infinity;
  #wakeAt = Infinity;
  #cancel: (() => void) | undefined;
  #drift = 0;
  #stopped = false;

  constructor(clock: Clock, listener: ReadTimerListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  start(): void {
    this.#drift = this.#measureDrift();
    this.#nap();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  schedule(ms: number): void {
    this.checkDrift();
    this.#due = this.#clock.now() + ms;
    this.#nap();
  }

  /** Moves the next read to this time, if that is earlier. */
  hurry(ms: number): void {
    if (this.#clock.now() + ms < this.#due) this.schedule(ms);
  }

  /** Checks whether the process was suspended since the last check. */
  checkDrift(): void {
    const drift = this.#measureDrift();
    const overslept = this.#clock.now() - this.#wakeAt > OVERSLEPT_MS;
    if (Math.abs(drift - this.#drift) < SLEPT_MS && !overslept) return;
    this.#drift = drift;
    this.#wakeAt = Infinity;
    this.#listener.slept();
  }

  #nap(): void {
    if (this.#stopped) return;
    this.#cancel?.();
    const ms = Math.min(this.#due - this.#clock.now(), NAP_MS);
    this.#wakeAt = this.#clock.now() + ms;
    this.#cancel = this.#clock.after(ms, () => {
      this.checkDrift();
      this.#wakeAt = Infinity;
      const due = this.#clock.now() >= this.#due;
      if (due) this.#due = Infinity;
      this.#nap();
      if (due) this.#listener.due();
    });
  }

  #measureDrift(): number {
    return this.#clock.wall() - this.#clock.now();
  }
}

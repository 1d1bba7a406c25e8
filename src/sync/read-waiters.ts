import type { Clock } from "../runtime/clock.js";

/** How long `ready` waits, in ms. */
const READY_MS = 5_000;

/** Callers that wait for a read which is sent after they began to wait. */
export class ReadWaiters {
  readonly #clock: Clock;
  #waiting: { readonly after: number; readonly done: () => void }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether anybody waits. */
  get any(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves when a read that was sent at that time or later has ended, or after a while. */
  wait(after: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(READY_MS, resolve);
      const done = (): void => {
        cancel();
        resolve();
      };
      this.#waiting.push({ after, done });
    });
  }

  /** A read that was sent at that time has ended. */
  readOver(sent: number): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ after }) => sent < after);
    for (const { after, done } of waiting) if (sent >= after) done();
  }
}

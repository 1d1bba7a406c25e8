import type { Clock } from "../runtime/clock.js";

/** How long `ready` waits, in ms. */
const READY_MS = 5_000;

/** Those who wait for a read that is sent after their time. */
export class ReadWaiters {
  readonly #clock: Clock;
  #waiting: { readonly after: number; readonly done: () => void }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Somebody waits. */
  get any(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves when a read that was sent then or later is over, or after a while. */
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

  /** A read that was sent then is over. */
  readOver(sent: number): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ after }) => sent < after);
    for (const { after, done } of waiting) if (sent >= after) done();
  }
}

import type { Clock } from "../runtime/clock.js";
import { type WriteOutcome, write } from "../sync/writer.js";
import type { Shell } from "./shell.js";

/** This process's request for the lease of one circuit, and the callers that wait for its answer. */
export class LeaseRequest {
  readonly #breaker: Shell;
  readonly #waiting: Set<() => void> = new Set();
  #callTimeoutMs = 0;
  /** Another write of this circuit was under way: it is sent when that has ended. */
  #delayed = false;

  constructor(breaker: Shell) {
    this.#breaker = breaker;
  }

  /** Asks the store. With a store that answers at once, it is answered on return. */
  send(callTimeoutMs: number): void {
    this.#callTimeoutMs = callTimeoutMs;
    const breaker = this.#breaker;
    write(
      breaker.session.replica,
      breaker.entry,
      (stamp) => breaker.leaseRecord(stamp, this.#callTimeoutMs),
      (outcome) => this.#answered(outcome),
    );
  }

  /** The write that was in its way has ended. */
  resend(): void {
    if (!this.#delayed) return;
    this.#delayed = false;
    this.send(this.#callTimeoutMs);
  }

  /**
   * Calls back when the request is answered, or after `ms`. The verdict waits one turn of the event loop, in which an
   * answer that is there already is read; where this process was held up for as long itself, it waits once more.
   */
  wait(clock: Clock, ms: number, done: () => void): void {
    const finish = (): void => {
      cancel();
      this.#waiting.delete(finish);
      done();
    };
    const due = clock.now() + ms;
    const expire = (): void => {
      const heldUp = clock.now() - due > ms;
      cancel = clock.after(heldUp ? ms : 0, finish);
    };
    let cancel = clock.after(ms, expire);
    this.#waiting.add(finish);
  }

  #answered(outcome: WriteOutcome): void {
    if (outcome === "busy") {
      this.#delayed = true;
      return;
    }
    this.#breaker.leaseAnswered(outcome);
    for (const finish of [...this.#waiting]) finish();
  }
}

import type { Clock } from "../runtime/clock.js";
import { type WriteOutcome, write } from "../sync/writer.js";
import { cachedRecord } from "./cached.js";
import { leaseRecord } from "./reducer/lease.js";
import type { Shell } from "./shell.js";

/** This process's request for the lease of one circuit, and the callers that wait for the answer. */
export class LeaseRequest {
  readonly #breaker: Shell;
  readonly #waiting: Set<() => void> = new Set();
  #callTimeoutMs = 0;
  /** Another write of this circuit is under way: the request is sent when that write has ended. */
  #delayed = false;

  constructor(breaker: Shell) {
    this.#breaker = breaker;
  }

  /** Asks the store. If the store answers at once, the answer is there on return. */
  send(callTimeoutMs: number): void {
    this.#callTimeoutMs = callTimeoutMs;
    const breaker = this.#breaker;
    const { replica, clock } = breaker.session;
    write(
      replica,
      breaker.entry,
      (stamp) => {
        // A write that is under way may have found a newer record.
        breaker.changed();
        return leaseRecord(breaker.current, clock.now(), stamp, breaker, this.#callTimeoutMs);
      },
      (outcome) => this.#answered(outcome),
    );
  }

  /** Sends a request that had to wait for another write. */
  resend(): void {
    if (!this.#delayed) return;
    this.#delayed = false;
    this.send(this.#callTimeoutMs);
  }

  /**
   * Calls `done` when the request is answered, or after `ms`. It then waits one more turn of the event loop, so that an
   * answer that has arrived is read. If this process was itself blocked for so long, it waits once more.
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
    const { session, key } = this.#breaker;
    this.#breaker.dispatch({ type: "lease", record: cachedRecord(session.replica, key), outcome });
    for (const finish of [...this.#waiting]) finish();
  }
}

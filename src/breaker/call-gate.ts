import { Admission, NESTED } from "./admission.js";
import { callContexts } from "./call-contexts.js";
import { LeaseRequest } from "./lease-request.js";
import { admitShare } from "./next-admission.js";
import type { CallAnswer } from "./reducer/event.js";
import type { Shell } from "./shell.js";

/** How long a recovery check waits for its lease, in ms: longer than the store may take for a write. */
const CHECK_WAIT_MS = 5_500;

/**
 * Admits or rejects the calls for which one comparison is not enough: the circuit is not simply closed, and its open
 * time is over. The reducer answers. If it needs the probe's lease, this asks the store, and callers that can wait do
 * so.
 */
export class CallGate {
  readonly #breaker: Shell;
  #lease: LeaseRequest | undefined;
  /** How often the process had been suspended when its probe began. */
  #sleeps = 0;

  constructor(breaker: Shell) {
    this.#breaker = breaker;
  }

  /** As `Breaker.enter`. */
  enter(
    canWait: boolean,
    callTimeoutMs: number,
    byCheck: boolean,
  ): Admission | undefined | Promise<Admission | undefined> {
    const { session } = this.#breaker;
    const waitMs = byCheck ? CHECK_WAIT_MS : canWait ? session.leaseWaitMs : 0;
    const answer = this.#ask(waitMs, callTimeoutMs, false, byCheck);
    if (answer !== "ask") return this.#admissionFor(answer);
    const again = (): Admission | undefined =>
      this.#admissionFor(this.#ask(waitMs, callTimeoutMs, true, byCheck));
    if (!canWait || !this.#breaker.current.leaseRequested) return again();
    return new Promise((resolve) => {
      this.#lease?.wait(session.clock, waitMs, () => resolve(again()));
    });
  }

  /**
   * Asks the store for the lease. If the probe does without, it may end within its call: then only its outcome is
   * written.
   */
  requestLease(callTimeoutMs: number): void {
    const lease = this.#lease ?? new LeaseRequest(this.#breaker);
    this.#lease = lease;
    if (this.#breaker.current.probe.kind !== "running") lease.send(callTimeoutMs);
    else void Promise.resolve().then(() => lease.send(callTimeoutMs));
  }

  /** Sends a lease request that had to wait for another write. */
  resend(): void {
    this.#lease?.resend();
  }

  /** The process was suspended since its probe began. */
  get slept(): boolean {
    const { synchroniser } = this.#breaker.session.replica;
    return synchroniser.sleptSince(this.#sleeps) && !synchroniser.down;
  }

  #ask(waitMs: number, callTimeoutMs: number, asked: boolean, byCheck: boolean): CallAnswer | undefined {
    const breaker = this.#breaker;
    const { replica } = breaker.session;
    const { probe } = breaker.current;
    return breaker.dispatch({
      type: "call",
      waitMs,
      asked,
      byCheck,
      callTimeoutMs,
      withinProbe: probe.kind === "running" && callContexts.contain(breaker, probe.epoch),
      storeFails: replica.synchroniser.down || (replica.circuits.get(breaker.key)?.failures ?? 0) > 0,
    });
  }

  #admissionFor(answer: CallAnswer | undefined): Admission | undefined {
    const breaker = this.#breaker;
    const { admission, current } = breaker;
    // A listener may have opened the circuit, or ended the probe, since the answer.
    switch (answer) {
      case "closed":
      case "held":
        return admission.kind === "rejecting" ? undefined : admitShare(breaker);
      case "probe":
        this.#sleeps = breaker.session.replica.synchroniser.sleeps;
        return current.probe.kind === "running"
          ? new Admission("probe", false, current.probe.epoch)
          : undefined;
      case "nested":
        return NESTED;
      default:
        return undefined;
    }
  }
}

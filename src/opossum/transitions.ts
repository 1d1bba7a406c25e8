import type { Circuit } from "../api/circuit.js";
import type { Subscription } from "../events/event-types.js";
import { OPERATOR_LONGEST_MS } from "../protocol/record.js";
import { followCircuit } from "./follow-circuit.js";
import type { BreakerState } from "./options.js";
import { after } from "./timers.js";

/** A circuit that begins half-open is opened for this long, in ms. */
const AT_ONCE_MS = 0.001;

type Announce = (event: "open" | "halfOpen" | "close") => void;

/** The state of one breaker's circuit in opossum's terms, and how to open and close it by hand. */
export class Transitions {
  readonly #circuit: Circuit;
  readonly #resetTimeout: number;
  readonly #announce: Announce;
  readonly #following: Subscription;
  #last: Circuit["state"];
  #halfOpen: NodeJS.Timeout | undefined;
  #ended = false;
  /** When it opened, in ms since the epoch. */
  openedAt: number | undefined;
  /** Until the given state has been applied to its circuit. */
  beginning: Promise<unknown> | undefined;

  /** @param closeFailfast closes the circuit's `failfast`, if that belongs to the breaker. It must not hold the breaker. */
  constructor(
    circuit: Circuit,
    resetTimeout: number,
    announce: Announce,
    closeFailfast: (() => void) | undefined,
  ) {
    this.#circuit = circuit;
    this.#resetTimeout = resetTimeout;
    this.#announce = announce;
    this.#last = circuit.state;
    this.#following = followCircuit(this, circuit, follow, closeFailfast);
    if (this.#last === "open") this.#awaitHalfOpen();
  }

  get state(): Circuit["state"] | "shutdown" {
    return this.#ended ? "shutdown" : this.#circuit.state;
  }

  /** Half-open, and the next call is the trial. */
  get pendingClose(): boolean {
    return this.state === "half-open" && this.#circuit.retryAfter === 0;
  }

  /** It is open, or another call is the trial. */
  get rejects(): boolean {
    return this.state === "open" || (this.state === "half-open" && !this.pendingClose);
  }

  open(reason: string): void {
    if (this.#ended || this.state === "open") return;
    void this.#trip(this.#resetTimeout, reason);
  }

  close(reason: string): void {
    if (!this.#ended && this.state !== "closed") void this.#circuit.reset({ reason });
  }

  /** Begins in the given state of another breaker. */
  begin({ halfOpen, lastTimerAt }: BreakerState): void {
    const left =
      lastTimerAt === undefined ? this.#resetTimeout : lastTimerAt + this.#resetTimeout - Date.now();
    const tripped = this.#trip(halfOpen ? 0 : left, "opened by the state it was given");
    this.beginning = tripped.finally(() => {
      this.beginning = undefined;
    });
  }

  /** The breaker is shut down, and emits nothing more. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#halfOpen);
    this.#following.dispose();
  }

  /** Announces the circuit's new state, no matter which process of the fleet changed it. */
  follow(openMs?: number): void {
    const { state } = this.#circuit;
    clearTimeout(this.#halfOpen);
    if (state === "open") this.#awaitHalfOpen(openMs);
    if (state === this.#last) return;
    this.#last = state;
    if (state === "open") this.openedAt = Date.now();
    this.#announce(state === "half-open" ? "halfOpen" : state === "open" ? "open" : "close");
  }

  #trip(ms: number, reason: string): Promise<unknown> {
    const openFor = Math.min(Math.max(ms, AT_ONCE_MS), OPERATOR_LONGEST_MS);
    return this.#circuit.trip({ for: `${openFor}ms`, reason });
  }

  /** The circuit itself has no timer; it looks at the clock when a call comes. */
  #awaitHalfOpen(ms: number = this.#circuit.retryAfter * 1_000): void {
    this.#halfOpen = after(ms + 1, () => this.follow());
  }
}

/** Not a closure, because the circuit keeps it, and would keep the breaker with it. */
const follow = (transitions: Transitions, openMs: number | undefined): void => transitions.follow(openMs);

import type { Events } from "../events/events.js";
import type { Clock } from "../runtime/clock.js";
import type { Replica } from "../sync/replica.js";
import type { Rejections } from "./rejections.js";

/** During rejections, check at most this often whether the process was suspended, in ms. */
const DRIFT_CHECK_MS = 250;
/** How far the coarse clock can be behind, in ms, unless the event loop is blocked. */
const COARSE_MS = 50;
/** One rejection out of this many reads the exact clock. */
const EXACT_EVERY = 64;
/** For slow-call limits below this the coarse clock is too coarse, in ms. */
export const COARSE_FROM_MS = 200;

/** What the breakers of one store share in this process. */
export class StoreSession {
  readonly replica: Replica;
  readonly clock: Clock;
  readonly events: Events;
  /** The name of this host. All its processes together have one vote. */
  readonly host: string;
  /** The owner name of this process's leases; no other process has it. */
  readonly owner: string;
  /** What the latest rejections said. */
  rejections: Rejections | undefined;
  readonly openedBy: (circuit: string, by: string) => void;
  /** Other processes may use the store; nobody else uses the memory of this one. */
  readonly isShared: boolean;
  readonly #began: (() => void) | undefined;
  /** The exact clock, and the coarse clock for counting calls. */
  readonly now: () => number;
  readonly coarse: () => number;
  /** The time of the last look at the clock. A flood of rejections reads the clock once for each. */
  lookedAt = 0;
  // Not `#`: a rejection would pay for each read of one.
  private driftChecked = 0;
  private rejected = 0;
  /** It has begun with the first call. */
  started = false;

  /** `openedBy` is called when another process opens a circuit of this one, `began` at the first call. */
  constructor(
    replica: Replica,
    clock: Clock,
    events: Events,
    host: string,
    openedBy: (circuit: string, by: string) => void = () => undefined,
    began?: () => void,
    isShared = true,
  ) {
    this.#began = began;
    this.isShared = isShared;
    this.openedBy = openedBy;
    this.replica = replica;
    this.clock = clock;
    this.events = events;
    this.host = host;
    this.owner = replica.identity;
    this.now = () => clock.now();
    this.coarse = clock.coarse?.bind(clock) ?? this.now;
  }

  /** The clock that is exact enough to detect a call that slow. */
  readingFor(slowCall: number): () => number {
    return slowCall < COARSE_FROM_MS ? this.now : this.coarse;
  }

  /**
   * How long an async caller waits for the lease it asked for, in ms. It depends on how fast the store has been lately.
   */
  get leaseWaitMs(): number {
    return this.replica.leaseWaitMs();
  }

  /**
   * At the first call the process starts to watch its event loop, and the replica to synchronise, unless it has begun at
   * a look or at `ready()`.
   */
  start(): void {
    if (this.started) return;
    this.started = true;
    this.replica.synchroniser.start();
    this.clock.blocked?.(this.clock.now());
    this.#began?.();
  }

  /** A call of that circuit was admitted, and not on the fast path. */
  called(circuit: { readonly key: string }): void {
    this.replica.synchroniser.called(circuit);
  }

  /** Reads the exact time, for a decision. */
  look(): number {
    this.lookedAt = this.clock.now();
    return this.lookedAt;
  }

  /**
   * Whether that moment is still ahead. A flood of rejections reads the coarse clock. The exact clock is read only
   * close to the end, and now and then, because a loop that never yields stops the coarse clock.
   */
  isBefore(untilMs: number): boolean {
    const coarse = this.coarse();
    const exact = coarse + COARSE_MS >= untilMs || ++this.rejected % EXACT_EVERY === 0;
    // Never earlier than a time already seen, or `retryAfter` would exceed the open time.
    const now = exact ? this.look() : Math.max(coarse, this.lookedAt);
    this.lookedAt = now;
    if (now - this.driftChecked > DRIFT_CHECK_MS) {
      this.driftChecked = now;
      this.replica.synchroniser.checkDrift();
    }
    return now < untilMs;
  }
}

import type { Events } from "../events/events.js";
import type { Clock } from "../runtime/clock.js";
import type { Replica } from "../sync/replica.js";
import { RejectionMessage } from "./rejection-message.js";

/** Rejections look at most this often whether the process was suspended, in ms. */
const DRIFT_CHECK_MS = 250;
/** How far behind the coarse clock is taken to be at most, in ms, but for a blocked event loop. */
const COARSE_MS = 50;
/** One rejection in so many reads the exact clock. */
const EXACT_EVERY = 64;
/** Below this the coarse clock is too coarse to tell a slow call, in ms. */
export const COARSE_FROM_MS = 200;

/** What the breakers that share a store have in common in this process. */
export class StoreSession {
  readonly replica: Replica;
  readonly clock: Clock;
  readonly events: Events;
  /** What this host is called: its processes have one vote between them. */
  readonly host: string;
  /** The owner of this process's leases: unlike any other's. */
  readonly owner: string;
  readonly rejectionMessage: RejectionMessage = new RejectionMessage();
  readonly openedBy: (circuit: string, by: string) => void;
  readonly #began: (() => void) | undefined;
  /** The exact time, and the clock for counting calls. */
  readonly now: () => number;
  readonly coarse: () => number;
  /** The last look at the clock: a flood of rejections looks once for each. */
  lookedAt = 0;
  #driftChecked = 0;
  #rejections = 0;
  #started = false;

  /** `openedBy` is told who else opens a circuit of this process, `began` of the first call. */
  constructor(
    replica: Replica,
    clock: Clock,
    events: Events,
    host: string,
    openedBy: (circuit: string, by: string) => void = () => undefined,
    began?: () => void,
  ) {
    this.#began = began;
    this.openedBy = openedBy;
    this.replica = replica;
    this.clock = clock;
    this.events = events;
    this.host = host;
    this.owner = replica.identity;
    this.now = () => clock.now();
    this.coarse = clock.coarse === undefined ? this.now : clock.coarse.bind(clock);
  }

  /** The clock by which calls are told to be slow. */
  readingFor(slowCall: number): () => number {
    return slowCall < COARSE_FROM_MS ? this.now : this.coarse;
  }

  /** How long an async caller waits for the lease it asked for, in ms: by how long the store took to answer lately. */
  get leaseWaitMs(): number {
    return this.replica.leaseWaitMs();
  }

  /** The first call: the replica begins to keep in step, and the process to watch its event loop. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.replica.synchroniser.start();
    this.clock.blocked?.(this.clock.now());
    this.#began?.();
  }

  /** The exact time, for what is decided by it. */
  look(): number {
    this.lookedAt = this.clock.now();
    return this.lookedAt;
  }

  /**
   * Whether it is before that moment. A flood of rejections reads the coarse clock, and the exact one only close to
   * the end, and now and then: a loop that never yields stops the coarse one.
   */
  isBefore(untilMs: number): boolean {
    const coarse = this.coarse();
    const exact = coarse + COARSE_MS >= untilMs || ++this.#rejections % EXACT_EVERY === 0;
    // Never before what was seen already, or it would tell of more time than it is open for.
    const now = exact ? this.look() : Math.max(coarse, this.lookedAt);
    this.lookedAt = now;
    if (now - this.#driftChecked > DRIFT_CHECK_MS) {
      this.#driftChecked = now;
      this.replica.synchroniser.checkDrift();
    }
    return now < untilMs;
  }
}

import type { Store, StoreWatcher } from "../options/store.js";
import type { Clock } from "../runtime/clock.js";
import type { Health } from "./health.js";
import { type Outcome, withDeadline } from "./with-deadline.js";

/** How long the first read waits for push to be live, in ms. */
const WATCH_MS = 2_000;
/** Time between attempts, in ms: twice as long after each, up to a minute. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** If this many attempts failed in a row while reads succeed, the store refuses push. */
const REFUSED_AFTER = 2;
/** The same if push was live, and has been interrupted for this long, in ms. */
const LOST_FOR_MS = 10_000;
/** This many polls found what others wrote, and no such thing was pushed in between. */
const SILENT_AFTER = 2;
const SILENT =
  "changes are not pushed, polls find them: a process that writes may not be allowed to publish, or something between drops it";

/** What a subscription needs from the replica. */
export interface SubscriptionHost {
  readonly store: Store;
  readonly clock: Clock;
  readonly health: Health;
}

/** The watch of a store. If it is refused, it is requested again, less and less often, and polls replace it. */
export class Subscription {
  readonly #host: SubscriptionHost;
  readonly #watcher: StoreWatcher;
  #handle: AsyncDisposable | undefined;
  #failures = 0;
  #error: unknown;
  #due = 0;
  #asking = false;
  #ended = false;
  /** Since when a push that was live has been interrupted. */
  #lostAt: number | undefined;
  /** How many polls found what others wrote, since such a thing was last pushed. */
  #unpushed = 0;

  constructor(host: SubscriptionHost, watcher: Required<StoreWatcher>) {
    this.#host = host;
    this.#watcher = {
      change: watcher.change,
      gap: () => {
        this.#lostAt = undefined;
        this.#unpushed = 0;
        watcher.gap();
      },
      lost: (error) => {
        this.#error = error;
        this.#lostAt ??= host.clock.now();
        watcher.lost(error);
      },
    };
  }

  /** The store pushes changes now. */
  get live(): boolean {
    return this.#handle !== undefined && this.#lostAt === undefined;
  }

  /** What another process wrote was pushed. That of its own writes says nothing: a folder may report those alone. */
  pushed(): void {
    if (this.#unpushed >= SILENT_AFTER) this.#lostAt = undefined;
    this.#unpushed = 0;
  }

  /** A poll found what another process wrote, which push should have brought. */
  unpushed(): void {
    if (this.live && ++this.#unpushed >= SILENT_AFTER) this.#watcher.lost?.(new Error(SILENT));
  }

  /** `done` is called when push is live, or when there is no use in waiting for it. */
  begin(done: () => void): void {
    const { store, clock } = this.#host;
    this.#asking = true;
    withDeadline<AsyncDisposable | undefined>(
      clock,
      WATCH_MS,
      () => store.watch?.("", this.#watcher),
      (outcome) => {
        this.#asking = false;
        if (outcome.ok) this.#take(outcome.value);
        else this.#failed(outcome);
        done();
      },
      (late) => {
        if (!late.ok) return;
        this.#take(late.value);
        this.#watcher.gap();
      },
    );
  }

  /** Requests it again if push is not live and it is time. Changes missed until then are read when it is live. */
  renew(): void {
    if (this.#handle || this.#asking || this.#host.clock.now() < this.#due) return;
    this.begin(() => {
      if (this.live) this.#watcher.gap();
    });
  }

  /** The store is back: attempts that failed while it was down don't count. */
  hurry(): void {
    this.#failures = 0;
    this.#due = 0;
    if (this.#lostAt !== undefined) this.#lostAt = this.#host.clock.now();
  }

  /** Reads succeed. If push doesn't, that has to be reported. */
  report(): void {
    const { clock, health } = this.#host;
    const lostMs = clock.now() - (this.#lostAt ?? Infinity);
    if (lostMs >= LOST_FOR_MS || this.#failures >= REFUSED_AFTER) health.limited(this.#error);
  }

  async end(): Promise<void> {
    this.#ended = true;
    const handle = this.#handle;
    this.#handle = undefined;
    await dispose(handle);
  }

  #take(handle: AsyncDisposable | undefined): void {
    if (this.#ended || this.#handle) {
      void dispose(handle);
      return;
    }
    this.#failures = 0;
    this.#handle = handle;
  }

  #failed({ error }: Outcome<unknown> & { ok: false }): void {
    this.#error = error;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
    this.#due = this.#host.clock.now() + pause * (0.5 + this.#host.clock.random());
  }
}

async function dispose(handle: AsyncDisposable | undefined): Promise<void> {
  try {
    await handle?.[Symbol.asyncDispose]();
  } catch {
    // The subscription is gone in any case.
  }
}

import type { Store, StoreWatcher } from "../options/store.js";
import type { Clock } from "../runtime/clock.js";
import type { Health } from "./health.js";
import { type Outcome, withDeadline } from "./with-deadline.js";

/** How long the first read waits for push to be live, in ms. */
const WATCH_MS = 2_000;
/** Between attempts, in ms: twice as long after each, up to a minute. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** So many attempts failed in a row while reads succeed: push is refused. */
const REFUSED_AFTER = 2;

/** What a subscription takes of the replica. */
export interface SubscriptionHost {
  readonly store: Store;
  readonly clock: Clock;
  readonly health: Health;
}

/** The watch of a store. Where it is refused it is asked for again, less and less often, and polls do without. */
export class Subscription {
  readonly #host: SubscriptionHost;
  readonly #watcher: StoreWatcher;
  #handle: AsyncDisposable | undefined;
  #failures = 0;
  #error: unknown;
  #due = -Infinity;
  #asking = false;
  #ended = false;

  constructor(host: SubscriptionHost, watcher: StoreWatcher) {
    this.#host = host;
    this.#watcher = watcher;
  }

  /** Changes are pushed. */
  get live(): boolean {
    return this.#handle !== undefined;
  }

  /** `done` is called when push is live, or not to be waited for. */
  begin(done: () => void): void {
    if (this.#host.store.watch) this.#ask(done);
    else done();
  }

  /** Asks again where push isn't live and it is time; what was missed until it is, is read when it is. */
  renew(): void {
    const { store, clock } = this.#host;
    if (!store.watch || this.live || this.#asking || clock.now() < this.#due) return;
    this.#ask(() => {
      if (this.live) this.#watcher.gap();
    });
  }

  /** The store is back: what failed while it was down says nothing of now. */
  hurry(): void {
    this.#failures = 0;
    this.#due = -Infinity;
  }

  /** Reads succeed: where push doesn't, that is to be told. */
  report(): void {
    if (this.#failures >= REFUSED_AFTER) this.#host.health.limited(this.#error);
  }

  async end(): Promise<void> {
    this.#ended = true;
    const handle = this.#handle;
    this.#handle = undefined;
    await dispose(handle);
  }

  #ask(done: () => void): void {
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

  #take(handle: AsyncDisposable | undefined): void {
    if (this.#ended || this.live) {
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
    // It is gone either way.
  }
}

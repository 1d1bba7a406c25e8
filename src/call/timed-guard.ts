import type { Breaker } from "../breaker/breaker.js";
import { Guard } from "./guard.js";
import type { Policy } from "./policy.js";
import { type Handlers, TimedCalls } from "./timed-calls.js";

/**
 * A guard whose calls may be slow. The coarse clock ticks far less often than calls begin, and those of one tick share
 * their handlers; where the exact one is needed each call has its own.
 */
class TimedGuard extends Guard {
  readonly #now: () => number;
  #latest: TimedCalls | undefined;

  constructor(breaker: Breaker, policy: Policy) {
    super(breaker, policy);
    this.#now = this.clock;
  }

  override get handlers(): Handlers {
    const { term } = this.breaker;
    // Nobody listens to successes where calls pass at a glance.
    const began = this.#now();
    const latest = this.#latest;
    if (latest !== undefined && latest.began === began && latest.term === term) return latest;
    this.#latest = new TimedCalls(this, term, began);
    return this.#latest;
  }
}

/** The guard of one handle of that breaker. */
export function makeGuard(breaker: Breaker, policy: Policy): Guard {
  return breaker.settings.slowCall === 0 ? new Guard(breaker, policy) : new TimedGuard(breaker, policy);
}

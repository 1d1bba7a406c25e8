import type { Admission } from "../breaker/admission.js";
import type { Breaker } from "../breaker/breaker.js";
import { Guard, type Handlers } from "./guard.js";
import type { Policy } from "./policy.js";

/** The handlers of the calls that began at one reading of the clock, under one admission; nobody listens to successes. */
class TimedCalls implements Handlers {
  readonly admission: Admission;
  readonly began: number;
  readonly onSuccess: (value: unknown) => unknown;
  readonly onFailure: (error: unknown) => never;

  constructor(guard: Guard, admission: Admission, began: number) {
    this.admission = admission;
    this.began = began;
    const { breaker, policy, clock } = guard;
    if (policy.results !== undefined)
      this.onSuccess = (value) => {
        guard.returned(admission, value, began);
        return value;
      };
    else
      this.onSuccess = (value) => {
        const ended = clock();
        breaker.succeeded(admission, guard.isSlow(began, ended), ended);
        return value;
      };
    this.onFailure = (error) => {
      guard.threw(admission, error, undefined, began);
      throw error;
    };
  }
}

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

  /** Asked only where calls pass at a glance, and so where nobody listens to successes. */
  override get handlers(): Handlers {
    const { admission } = this.breaker;
    const began = this.#now();
    const latest = this.#latest;
    if (latest !== undefined && latest.began === began && latest.admission === admission) return latest;
    this.#latest = new TimedCalls(this, admission, began);
    return this.#latest;
  }
}

/** The guard of one handle of that breaker. */
export function makeGuard(breaker: Breaker, policy: Policy): Guard {
  return breaker.settings.slowCall === 0 ? new Guard(breaker, policy) : new TimedGuard(breaker, policy);
}

import type { Admission } from "../breaker/admission.js";
import type { Breaker } from "../breaker/breaker.js";
import { CallGroup } from "../breaker/under-way.js";
import { successChannel } from "../events/events.js";
import type { CallerSignal, CallPolicy } from "./call-policy.js";
import { Guard } from "./guard.js";
import type { Handlers, Kind, SharedHandlers } from "./handlers.js";
import { isSlow, recordReturned, recordThrown } from "./record-outcome.js";

/**
 * The handlers of calls that began at one reading of the clock under one admission, while nobody listens to successes.
 */
class TimedCalls extends CallGroup implements SharedHandlers {
  readonly #guard: Guard;
  readonly onSuccess: (value: unknown) => unknown;
  readonly onFailure: Handlers["onFailure"];

  constructor(guard: Guard, admission: Admission, began: number, clock: () => number) {
    super(admission, began);
    this.#guard = guard;
    const { breaker, policy } = guard;
    const slowFrom = began + breaker.settings.slowCall;
    if (policy.results !== undefined)
      this.onSuccess = (value) => {
        this.underWay--;
        recordReturned(guard, admission, value, this, isSlow(breaker, this, clock()));
        return value;
      };
    else
      this.onSuccess = (value) => {
        const ended = clock();
        this.underWay--;
        if (ended < slowFrom) breaker.succeeded(admission, false, ended);
        else breaker.succeeded(admission, isSlow(breaker, this, ended), ended, this.countedAtMs);
        return value;
      };
    this.onFailure = this.failing(undefined);
  }

  failing(signal: CallerSignal | undefined): Handlers["onFailure"] {
    return (error) => {
      this.underWay--;
      recordThrown(this.#guard, this.admission, error, signal, this);
      throw error;
    };
  }
}

/**
 * A guard that detects slow calls. The coarse clock ticks far less often than calls begin, and calls of one tick share
 * their handlers. If the exact clock is needed, each call has its own.
 */
class TimedGuard extends Guard {
  readonly #now: () => number;
  #latest: TimedCalls | undefined;

  constructor(breaker: Breaker, policy: CallPolicy) {
    super(breaker, policy);
    this.#now = breaker.session.readingFor(breaker.settings.slowCall);
  }

  protected override get measures(): boolean {
    return true;
  }

  /**
   * A function that may return at once is measured by the exact clock, because the coarse clock stands still while it
   * runs. So it takes the slow path. On the fast path nobody listens to successes.
   */
  override fastHandlers(kind: Kind): SharedHandlers | undefined {
    if (kind !== "promise" || successChannel.hasSubscribers) return undefined;
    const { admission } = this.breaker;
    const began = this.#now();
    const latest = this.#latest;
    if (latest !== undefined && latest.admission === admission && latest.beganMs === began) {
      latest.underWay++;
      return latest;
    }
    if (admission !== this.admission) return undefined;
    this.#latest = new TimedCalls(this, admission, began, this.#now);
    this.breaker.underWay.add(this.#latest);
    return this.#latest;
  }
}

/** Makes the guard of one handle of that breaker. */
export function makeGuard(breaker: Breaker, policy: CallPolicy): Guard {
  return breaker.settings.slowCall === 0 ? new Guard(breaker, policy) : new TimedGuard(breaker, policy);
}

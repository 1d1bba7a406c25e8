import type { Admission } from "../breaker/admission.js";
import type { Breaker } from "../breaker/breaker.js";
import { successChannel } from "../events/events.js";
import { Guard, type Handlers, type Kind, type SharedHandlers } from "./guard.js";
import type { CallerSignal, Policy } from "./policy.js";

/** The handlers of the calls that began at one reading of the clock, under one admission; nobody listens to successes. */
class TimedCalls implements SharedHandlers {
  readonly #guard: Guard;
  readonly admission: Admission;
  readonly began: number;
  readonly onSuccess: (value: unknown) => unknown;
  readonly onFailure: Handlers["onFailure"];

  constructor(guard: Guard, admission: Admission, began: number) {
    this.#guard = guard;
    this.admission = admission;
    this.began = began;
    const { breaker, policy, clock } = guard;
    if (policy.results !== undefined)
      this.onSuccess = (value) => {
        guard.returned(admission, value, began, guard.isSlow(began, clock()));
        return value;
      };
    else
      this.onSuccess = (value) => {
        const ended = clock();
        breaker.succeeded(admission, guard.isSlow(began, ended), ended);
        return value;
      };
    this.onFailure = this.failing(undefined);
  }

  failing(signal: CallerSignal | undefined): Handlers["onFailure"] {
    return (error) => {
      this.#guard.threw(this.admission, error, signal, this.began);
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

  /**
   * A function that may answer at once is measured by the exact clock, since the coarse one stands still while it runs:
   * not here. Nobody listens to successes where a call passes.
   */
  override fastHandlers(kind: Kind): SharedHandlers | undefined {
    const { admission } = this.breaker;
    if (kind !== "promise" || admission !== this.admission || successChannel.hasSubscribers) return undefined;
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

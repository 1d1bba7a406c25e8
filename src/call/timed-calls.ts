import type { Term } from "../breaker/term.js";
import type { Guard } from "./guard.js";

/** What sees a call's outcome through. */
export interface Handlers {
  readonly onSuccess: ((value: unknown) => unknown) | undefined;
  readonly onFailure: (error: unknown) => never;
}

/** Where nobody asks how long a call took. */
export const NO_READING = -1;

/** The handlers of the calls that began at one reading of the clock, under one term. */
export class TimedCalls implements Handlers {
  readonly term: Term;
  readonly began: number;
  readonly onSuccess: (value: unknown) => unknown;
  readonly onFailure: (error: unknown) => never;

  constructor(guard: Guard, term: Term, began: number) {
    this.term = term;
    this.began = began;
    const { breaker, policy, clock } = guard;
    if (began === NO_READING || policy.results !== undefined || breaker.fleet.events.successesObserved)
      this.onSuccess = (value) => {
        guard.returned(term, value, began);
        return value;
      };
    else
      this.onSuccess = (value) => {
        const ended = clock();
        breaker.succeeded(term, guard.isSlow(began, ended), ended);
        return value;
      };
    this.onFailure = (error) => {
      guard.threw(term, error, undefined, began);
      throw error;
    };
  }
}

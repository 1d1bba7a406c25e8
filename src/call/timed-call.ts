import type { Term } from "../breaker/term.js";
import type { Guard } from "./guard.js";

/** What sees a call's outcome through. */
export interface Handlers {
  readonly onSuccess: ((value: unknown) => unknown) | undefined;
  readonly onFailure: (error: unknown) => never;
}

/** So many are kept for the next calls; a burst's others go as they came. */
const KEPT = 1_024;

/**
 * The handlers of one call whose time is taken, and what they have to remember of it. Those of a call that has ended
 * are used again, for a promise calls one of them, once.
 */
class TimedCall implements Handlers {
  guard: Guard;
  term: Term;
  began: number;
  readonly onSuccess: (value: unknown) => unknown;
  readonly onFailure: (error: unknown) => never;

  constructor(guard: Guard, term: Term, began: number) {
    this.guard = guard;
    this.term = term;
    this.began = began;
    this.onSuccess = (value) => {
      const { guard: its, term: under, began: since } = this;
      this.#end();
      its.returned(under, value, since);
      return value;
    };
    this.onFailure = (error) => {
      const { guard: its, term: under, began: since } = this;
      this.#end();
      its.threw(under, error, undefined, since);
      throw error;
    };
  }

  #end(): void {
    if (ended.length < KEPT) ended.push(this);
  }
}

const ended: TimedCall[] = [];

/** Handlers for a call that began then, under that term. */
export function timedCall(guard: Guard, term: Term, began: number): Handlers {
  const call = ended.pop();
  if (call === undefined) return new TimedCall(guard, term, began);
  call.guard = guard;
  call.term = term;
  call.began = began;
  return call;
}

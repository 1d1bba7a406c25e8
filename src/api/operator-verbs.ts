import type { Breaker } from "../breaker/breaker.js";
import { hold, type OperatorResult, release, reset, trip } from "../breaker/operator.js";
import { type Duration, milliseconds } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import { circuitKey, holdKey } from "../protocol/key.js";
import { OPERATOR_LONGEST_MS } from "../protocol/record.js";
import { keepAlive } from "../runtime/keep-alive.js";
import { read } from "../sync/store-operations.js";
import { withDeadline } from "../sync/with-deadline.js";

/** How long a verb looks in the store for a name that this process doesn't know. */
const LOOKS_FOR_MS = 1_000;

/** A circuit as an operator has it. */
export interface Operated {
  /** This process has a definition of it. */
  readonly known: boolean;
  /** Its breaker, which takes no time and no options. */
  operated(): Breaker;
}

/** What an operator does with a circuit, for the whole fleet. A promise of it keeps the process alive. */
export interface OperatorVerbs {
  /** Opens it; `for` at most a day, by default the circuit's own time, or a minute where this process doesn't know it. */
  trip(options?: { readonly reason?: string; readonly for?: Duration }): Promise<OperatorResult>;
  /** Closes it. */
  reset(options?: { readonly reason?: string }): Promise<OperatorResult>;
  /**
   * Holds it open or closed, whatever calls do, until `release()`, or for a time (`"10m"`), or until a moment (a `Date`,
   * or ms since the epoch), at most a day away. Held closed, calls pass and none of them counts.
   */
  hold(
    state: "open" | "closed",
    options?: { readonly reason?: string; readonly until?: Date | Duration },
  ): Promise<OperatorResult>;
  /** Ends a hold. */
  release(): Promise<OperatorResult>;
}

/** The verbs of the circuit that `of` finds behind a handle. */
export const operatorVerbs = (of: (handle: unknown) => Operated): OperatorVerbs => ({
  trip(this: unknown, options = {}) {
    return operate(of(this), (breaker) => {
      const ms =
        options.for === undefined
          ? Math.min(breaker.settings.openMs, OPERATOR_LONGEST_MS)
          : milliseconds("for", options.for);
      if (ms > OPERATOR_LONGEST_MS)
        throw new RangeError(`for is ${formatValue(options.for)}: it takes at most "24h"`);
      const reason = reasonIn(options, "tripped by an operator");
      return () => trip(breaker, ms, reason);
    });
  },
  reset(this: unknown, options = {}) {
    return operate(of(this), (breaker) => {
      const reason = reasonIn(options, "reset by an operator");
      return () => reset(breaker, reason);
    });
  },
  hold(this: unknown, state, options = {}) {
    return operate(of(this), (breaker) => {
      if (state !== "open" && state !== "closed")
        throw new TypeError(`hold takes "open" or "closed"; this is ${formatValue(state)}`);
      const leftMs = leftUntil(options.until, breaker.session.clock.wall());
      const reason = reasonIn(options, "held by an operator");
      return () => hold(breaker, state, leftMs, reason);
    });
  },
  release(this: unknown) {
    return operate(of(this), (breaker) => () => release(breaker));
  },
});

/** Checks what was given, sees whether anybody knows the name, and does it. */
function operate(
  circuit: Operated,
  prepare: (breaker: Breaker) => () => Promise<OperatorResult>,
): Promise<OperatorResult> {
  const run = async (): Promise<OperatorResult> => {
    const { known } = circuit;
    const breaker = circuit.operated();
    const act = prepare(breaker);
    if (known) return act();
    const found = await isStored(breaker);
    const result = await act();
    return found === false ? { ...result, known: false } : result;
  };
  return keepAlive(run());
}

/** Whether the store has a record of it; `undefined` where it doesn't say. */
function isStored({ session, key }: Breaker): Promise<boolean | undefined> {
  const { replica, clock } = session;
  return new Promise((resolve) => {
    withDeadline(
      clock,
      LOOKS_FOR_MS,
      () => Promise.all([circuitKey(key), holdKey(key)].map((each) => read(replica.store, each))),
      (outcome) => resolve(outcome.ok ? outcome.value.some((value) => value !== null) : undefined),
    );
  });
}

/** The ms until then, 0 where nothing is given. */
function leftUntil(until: Date | Duration | undefined, wall: number): number {
  if (until === undefined) return 0;
  const left = typeof until === "string" ? milliseconds("until", until) : Number(until) - wall;
  if (left > 0 && left <= OPERATOR_LONGEST_MS) return left;
  throw new RangeError(
    `until is ${formatValue(until)}: it takes a time like "10m", a Date, or ms since the epoch, within the next 24 hours; leave it out to hold until release()`,
  );
}

function reasonIn(options: { readonly reason?: string }, otherwise: string): string {
  const { reason = otherwise } = options;
  if (typeof reason !== "string") throw new TypeError(`reason is ${formatValue(reason)}: it takes a string`);
  return reason;
}

import type { Breaker } from "../breaker/breaker.js";
import { hold, type OperatorResult, release, reset, trip } from "../breaker/operator.js";
import { checkKnown } from "../options/check-options.js";
import { type Duration, LONGEST_SECONDS, milliseconds } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import type { Store } from "../options/store.js";
import { circuitKey, holdKey } from "../protocol/key.js";
import { OPERATOR_LONGEST_MS } from "../protocol/record.js";
import type { AuditEntry } from "../report/audit.js";
import type { Clock } from "../runtime/clock.js";
import { keepAlive } from "../runtime/keep-alive.js";
import { read } from "../sync/store-operations.js";
import { answerOf } from "../sync/with-deadline.js";

/** How long a verb looks in the store for a name that this process doesn't know. */
const LOOKS_FOR_MS = 1_000;

/**
 * Receives the entry for the audit trail. Code that does one thing to many circuits can write one entry for all of
 * them.
 */
export const TRAIL: unique symbol = Symbol.for("failfast.trail") as never;

/** What callers that keep the audit trail themselves pass to a verb. */
export interface Trailed {
  readonly [TRAIL]?: (entry: AuditEntry, store: Store) => void;
}

/** A circuit as an operator sees it. */
export interface Operated {
  /** This process has a definition of it. */
  readonly known: boolean;
  /** Its breaker. It needs no time and no options. */
  operated(): Breaker;
}

/** Who asks for it, and why. The fleet's other processes see both, and so do readers of the audit trail. */
export interface Asked {
  readonly reason?: string;
  /** Default: this process, under the name in its records. */
  readonly by?: string;
}

/** What an operator can do with a circuit, for the whole fleet. Its promises keep the process alive. */
export interface OperatorVerbs {
  /**
   * Opens it. `for`: how long, at most a day; default: the circuit's own time, or a minute if this process doesn't know
   * it.
   */
  trip(options?: Asked & { readonly for?: Duration }): Promise<OperatorResult>;
  /** Closes it. */
  reset(options?: Asked): Promise<OperatorResult>;
  /**
   * Holds it open or closed, whatever its calls do: until `release()`, for a time (`"10m"`, or 600 seconds), or until a
   * moment (a `Date`, or ms since the epoch) at most a day away. While it is held closed, calls go through and none of
   * them counts.
   */
  hold(
    state: "open" | "closed",
    options?: Asked & { readonly until?: Date | Duration },
  ): Promise<OperatorResult>;
  /** Ends a hold. */
  release(options?: Asked): Promise<OperatorResult>;
}

/** The verbs of the circuit that `of` finds behind a handle. */
export const operatorVerbs = (of: (handle: unknown, verb: string) => Operated): OperatorVerbs => ({
  trip(this: unknown, options = {}) {
    return operate(
      () => of(this, "trip"),
      options,
      ["for"],
      (breaker) => {
        const ms =
          options.for === undefined
            ? Math.min(breaker.settings.openMs, OPERATOR_LONGEST_MS)
            : milliseconds("for", options.for);
        if (ms > OPERATOR_LONGEST_MS)
          throw new RangeError(`for is ${formatValue(options.for)}: it takes at most "24h"`);
        const { reason, by } = askedIn(options, "tripped by an operator");
        return { verb: "trip", reason, by, ms, act: () => trip(breaker, ms, reason, by) };
      },
    );
  },
  reset(this: unknown, options = {}) {
    return operate(
      () => of(this, "reset"),
      options,
      [],
      (breaker) => {
        const { reason, by } = askedIn(options, "reset by an operator");
        return { verb: "reset", reason, by, ms: 0, act: () => reset(breaker, reason, by) };
      },
    );
  },
  hold(this: unknown, state, options = {}) {
    return operate(
      () => of(this, "hold"),
      options,
      ["until"],
      (breaker) => {
        if (state !== "open" && state !== "closed")
          throw new TypeError(`hold takes "open" or "closed"; this is ${formatValue(state)}`);
        const ms = leftUntil(options.until, breaker.session.clock.wall());
        const { reason, by } = askedIn(options, "held by an operator");
        return {
          verb: "hold",
          holds: state,
          reason,
          by,
          ms,
          act: () => hold(breaker, state, ms, reason, by),
        };
      },
    );
  },
  release(this: unknown, options = {}) {
    return operate(
      () => of(this, "release"),
      options,
      [],
      (breaker) => {
        const { reason, by } = askedIn(options, "");
        return { verb: "release", reason, by, ms: 0, act: () => release(breaker, reason, by) };
      },
    );
  },
});

/** What an operator asks for, and what the audit trail says about it. */
interface Operation {
  readonly verb: "trip" | "reset" | "hold" | "release";
  readonly holds?: "open" | "closed";
  readonly reason: string;
  readonly by: string | undefined;
  /** How long it stays in force; 0: until it is ended. */
  readonly ms: number;
  act(): Promise<OperatorResult>;
}

/** Checks the arguments, looks whether anybody knows the name, and carries it out. */
function operate(
  of: () => Operated,
  options: Asked & Trailed,
  more: readonly string[],
  prepare: (breaker: Breaker) => Operation,
): Promise<OperatorResult> {
  let clock: Clock | undefined;
  const run = async (): Promise<OperatorResult> => {
    const circuit = of();
    checkKnown(options, [...more, "reason", "by"]);
    const { known } = circuit;
    const breaker = circuit.operated();
    clock = breaker.session.clock;
    const operation = prepare(breaker);
    const found = known || (await isStored(breaker));
    const result = await operation.act();
    if (result.stored) await leaveTrail(breaker, operation, options[TRAIL]);
    return found === false ? { ...result, known: false } : result;
  };
  const result = run();
  return keepAlive(result, clock);
}

/** Written whether it succeeds or not: the trail says what was asked for. */
async function leaveTrail(
  { name, session, identity }: Breaker,
  operation: Operation,
  keep: Trailed[typeof TRAIL],
): Promise<void> {
  const { store, storeClock } = session.replica;
  if (keep === undefined && store.sibling === undefined) return;
  const { verb, holds, by = identity, reason, ms } = operation;
  const at = Math.round(storeClock.now());
  const until = ms === 0 ? undefined : at + Math.round(ms);
  const held = holds === undefined ? {} : { holds };
  const entry = { at, verb, circuit: name, by, reason: reason || undefined, until, ...held };
  if (keep !== undefined) return keep(entry, store);
  try {
    const { leaveTrailIn } = await import("../report/on-demand.js");
    await leaveTrailIn(store, session.clock, entry);
  } catch {
    // A store that answered a moment ago.
  }
}

/** Whether the store has a record of it; `undefined` if the store doesn't say. */
async function isStored({ session, key }: Breaker): Promise<boolean | undefined> {
  const { replica, clock } = session;
  const look = () => Promise.all([circuitKey(key), holdKey(key)].map((each) => read(replica.store, each)));
  try {
    return (await answerOf(clock, LOOKS_FOR_MS, look)).some((value) => value !== null);
  } catch {
    return undefined;
  }
}

/** The ms until then; 0 if nothing is given. */
function leftUntil(until: Date | Duration | undefined, wall: number): number {
  if (until === undefined) return 0;
  // A larger number is a moment.
  const isTime = typeof until === "string" || (typeof until === "number" && until <= LONGEST_SECONDS);
  const left = isTime ? milliseconds("until", until) : Number(until) - wall;
  if (left > 0 && left <= OPERATOR_LONGEST_MS) return left;
  throw new RangeError(
    `until is ${formatValue(until)}: it takes a time like "10m" or 600 seconds, a Date, or ms since the epoch, within the next 24 hours; leave it out to hold until release()`,
  );
}

function askedIn(options: Asked, otherwise: string): { reason: string; by: string | undefined } {
  const { reason = otherwise, by } = options;
  for (const [name, value] of Object.entries({ reason, by }))
    if (value !== undefined && typeof value !== "string")
      throw new TypeError(`${name} is ${formatValue(value)}: it takes a string`);
  return { reason, by: by === "" ? undefined : by };
}

import type { Breaker } from "../breaker/breaker.js";
import { hold, type OperatorResult, release, reset, trip } from "../breaker/operator.js";
import type { ActiveHold } from "../breaker/state.js";
import type { Guard } from "../call/guard.js";
import type { CallerSignal } from "../call/policy.js";
import { run } from "../call/run.js";
import { type StreamSource, stream } from "../call/stream.js";
import { type Guarding, wrap } from "../call/wrap.js";
import { tenthsOfSeconds } from "../errors/seconds.js";
import type { FailfastEventName, FailfastListener, Subscription } from "../events/event-types.js";
import { type Duration, milliseconds } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import type { CircuitUpdate } from "../options/options.js";
import { type CircuitState, OPERATOR_LONGEST_MS } from "../protocol/record.js";
import { apply } from "./decorate.js";

/** The platform's `AbortSignal`, where its types are known. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer S } } ? S : CallerSignal;

// biome-ignore lint/suspicious/noExplicitAny: the one type that every function and method fits, whatever its `this`
export type Guardable = (this: any, ...args: any[]) => unknown;

/** A result of type `V` where a fallback may take its place. */
type OrFallback<V, R> = V extends PromiseLike<infer P> ? Promise<P | Awaited<R>> : V | R;

/**
 * The type of a guarded function: its own, unless the fallback gives something else. Properties it has beside its call
 * are not there: they would go past the circuit.
 */
export type Guarded<F extends Guardable, R> = [keyof F] extends [never]
  ? [Awaited<R>] extends [Awaited<ReturnType<F>>]
    ? F
    : (this: ThisParameterType<F>, ...args: Parameters<F>) => OrFallback<ReturnType<F>, R>
  : (this: ThisParameterType<F>, ...args: Parameters<F>) => OrFallback<ReturnType<F>, R>;

/** What a method must be for a decorator to keep its type: one whose result may be the fallback's. */
type Admits<F extends Guardable, R> = [Awaited<R>] extends [Awaited<ReturnType<F>>]
  ? unknown
  : { readonly "the method's result does not include what the fallback gives": R };

/** What a fallback adds to results; one of type `any` or `unknown` adds nothing that could be told. */
export type FallbackResult<R> = unknown extends R ? never : R;

/**
 * A circuit as a decorator and a wrapper: what it is applied to keeps its type.
 *
 * `R`: what its fallback gives. `T`: the class whose methods it decorates.
 */
// biome-ignore lint/suspicious/noExplicitAny: a decorator is told its class by its context, whatever that is
export interface CircuitDecorator<R = never, T = any> {
  /** Decorates a method, as a standard (TC39) decorator. */
  <F extends Guardable>(method: F & Admits<F, R>, context: ClassMethodDecoratorContext<T, F>): F;
  /** Decorates a method, as a legacy (`experimentalDecorators`) decorator. */
  <F extends Guardable>(
    target: T & object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F> & Admits<F, R>,
  ): TypedPropertyDescriptor<F>;
  /** Wraps a function: the same signature, the same `this`, name and length. */
  <F extends Guardable>(fn: F, context?: undefined): Guarded<F, R>;
}

/** What can be said of a circuit at one moment, for logs and dashboards. */
export interface Snapshot {
  readonly name: string;
  readonly state: CircuitState;
  readonly held: ActiveHold["state"] | undefined;
  /** Seconds until it may be called again, to a tenth, rounded up; 0 when it may be. */
  readonly retryAfter: number;
  /** The generation and revision of the fleet's record; 0 where there is none. */
  readonly generation: number;
  readonly revision: number;
  /** Who last changed its state, why, and when (ms since the epoch); empty and 0 where nothing is known. */
  readonly by: string;
  readonly reason: string;
  readonly at: number;
  /** This process has decided something that the store has not granted yet. */
  readonly pending: boolean;
}

/**
 * A named breaker: a decorator, a wrapper, a runner of blocks, and the handle of the circuit's state.
 *
 * `R`: what its fallback gives.
 */
export interface Circuit<R = never> extends CircuitDecorator<R> {
  readonly name: string;
  readonly state: CircuitState;
  /** Set while an operator holds it. */
  readonly held: ActiveHold["state"] | undefined;
  /** Seconds until it may be called again, to a tenth, rounded up; 0 when it may be. */
  readonly retryAfter: number;
  /**
   * Runs one block through the circuit; always gives a promise. The block gets the caller's signal, or one
   * that never aborts. The caller's own abort is neither failure nor success.
   */
  run<T>(
    fn: (signal: Signal) => T | PromiseLike<T>,
    options?: { readonly signal?: Signal | undefined },
  ): Promise<T | Awaited<R>>;
  /**
   * Guards a stream, an async iterable or a `ReadableStream`, to its end: an LLM's answer, say. It is opened when it
   * is first read. An error while it is read is a failure; its end, or a reader's early return, is a success; under
   * `callTimeout` the first item must come in time.
   *
   * @throws {TypeError} while it is read, when `fn` gives neither.
   */
  stream<T>(
    fn: (signal: Signal) => StreamSource<T> | PromiseLike<StreamSource<T>>,
    options?: { readonly signal?: Signal | undefined },
  ): AsyncGenerator<T, void, undefined>;
  snapshot(): Snapshot;
  /**
   * Changes options of the circuit in this process, while it runs; its state and what it has counted stay. What is left
   * out stays as it is; what is `undefined` goes back to its default.
   *
   * @throws {TypeError} | {RangeError} wrong values, or options that make no sense together; nothing is changed then.
   */
  update(options: CircuitUpdate): void;
  /** Listens to this circuit. `store-down` and `store-up` are of every store of its `failfast`. */
  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription;
  /** Opens it for the whole fleet; `for` at most a day, by default the circuit's own time. */
  trip(options?: { readonly reason?: string; readonly for?: Duration }): Promise<OperatorResult>;
  /** Closes it for the whole fleet. */
  reset(options?: { readonly reason?: string }): Promise<OperatorResult>;
  /**
   * Holds it open or closed for the whole fleet, whatever calls do, until `release()` or until a moment at
   * most a day away. Held closed, calls pass and none of them counts.
   */
  hold(
    state: ActiveHold["state"],
    options?: { readonly reason?: string; readonly until?: Date | number },
  ): Promise<OperatorResult>;
  /** Ends a hold. */
  release(): Promise<OperatorResult>;
}

/** Where a circuit finds its guard: one of its own, or that of a name among many. */
export interface GuardSource extends Guarding {
  readonly name: string;
  /** This process has a definition of it. */
  readonly known: boolean;
  guard(): Guard;
  /** For an operator's verb, which takes no time and no options. */
  operated(): Breaker;
  /** Something is wrapped or decorated. */
  claim?(): void;
  update(options: CircuitUpdate): void;
  /** The breaker if calls have been made, so that looking at a circuit starts nothing. */
  breaker(): Breaker | undefined;
  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription;
}

const SOURCE: unique symbol = Symbol("failfast.source");

interface Sourced {
  readonly [SOURCE]: GuardSource;
}

/** Makes the callable that is a circuit's handle. */
export function makeCircuit(source: GuardSource): Circuit {
  const circuit = (...args: unknown[]): unknown =>
    apply(args, (fn) => {
      source.claim?.();
      return wrap(fn, source);
    });
  Object.setPrototypeOf(circuit, prototype);
  Object.defineProperty(circuit, "name", { value: source.name, configurable: true });
  Object.defineProperty(circuit, SOURCE, { value: source });
  return circuit as unknown as Circuit;
}

type Methods = Pick<
  Circuit,
  | "state"
  | "held"
  | "retryAfter"
  | "run"
  | "stream"
  | "snapshot"
  | "update"
  | "on"
  | "trip"
  | "reset"
  | "hold"
  | "release"
>;

const methods: Methods & ThisType<Sourced> = {
  get state() {
    return sourceOf(this).breaker()?.state ?? "closed";
  },
  get held() {
    return sourceOf(this).breaker()?.held;
  },
  get retryAfter() {
    return tenthsOfSeconds(sourceOf(this).breaker()?.retryAfterMs ?? 0);
  },
  run(fn, options) {
    if (typeof fn !== "function")
      return Promise.reject(new TypeError(`run takes a function; this is ${formatValue(fn)}`));
    const signal = options?.signal as CallerSignal | undefined;
    return run(sourceOf(this), fn as never, signal) as Promise<never>;
  },
  stream(fn, options) {
    if (typeof fn !== "function") throw new TypeError(`stream takes a function; this is ${formatValue(fn)}`);
    return stream(sourceOf(this).guard(), fn as never, options?.signal as CallerSignal | undefined);
  },
  snapshot() {
    const source = sourceOf(this);
    const breaker = source.breaker();
    const record = breaker?.record;
    const decision = breaker?.decision;
    const own = decision !== undefined && "reason" in decision;
    return {
      name: source.name,
      state: breaker?.state ?? "closed",
      held: breaker?.held,
      retryAfter: tenthsOfSeconds(breaker?.retryAfterMs ?? 0),
      generation: record?.generation ?? 0,
      revision: record?.revision ?? 0,
      by: own ? (breaker?.identity ?? "") : (record?.by ?? ""),
      reason: own ? decision.reason : (record?.reason ?? ""),
      at: record?.at ?? 0,
      pending: breaker?.pending ?? false,
    };
  },
  update(options) {
    sourceOf(this).update(options);
  },
  on(event, listener) {
    return sourceOf(this).on(event, listener);
  },
  async trip(options = {}) {
    const breaker = sourceOf(this).operated();
    const duration =
      options.for === undefined
        ? Math.min(breaker.settings.openMs, OPERATOR_LONGEST_MS)
        : milliseconds("for", options.for);
    if (duration > OPERATOR_LONGEST_MS)
      throw new RangeError(`for is ${formatValue(options.for)}: it takes at most "24h"`);
    return trip(breaker, duration, reasonIn(options, "tripped by an operator"));
  },
  async reset(options = {}) {
    return reset(sourceOf(this).operated(), reasonIn(options, "reset by an operator"));
  },
  async hold(state, options = {}) {
    if (state !== "open" && state !== "closed")
      throw new TypeError(`hold takes "open" or "closed"; this is ${formatValue(state)}`);
    const breaker = sourceOf(this).operated();
    const until = options.until === undefined ? undefined : Number(options.until);
    const left = until === undefined ? 0 : until - breaker.session.clock.wall();
    if (until !== undefined && !(left > 0 && left <= OPERATOR_LONGEST_MS)) {
      throw new RangeError(
        `until is ${formatValue(options.until)}: it takes a Date, or ms since the epoch, within the next 24 hours; leave it out to hold until release()`,
      );
    }
    return hold(breaker, state, left, reasonIn(options, "held by an operator"));
  },
  async release() {
    return release(sourceOf(this).operated());
  },
};

const prototype: object = Object.create(Function.prototype, Object.getOwnPropertyDescriptors(methods));

function sourceOf(circuit: unknown): GuardSource {
  return (circuit as Sourced)[SOURCE];
}

function reasonIn(options: { readonly reason?: string }, otherwise: string): string {
  const { reason = otherwise } = options;
  if (typeof reason !== "string") throw new TypeError(`reason is ${formatValue(reason)}: it takes a string`);
  return reason;
}

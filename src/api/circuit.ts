import type { Breaker } from "../breaker/breaker.js";
import type { Guard } from "../call/guard.js";
import type { CallerSignal } from "../call/policy.js";
import { run } from "../call/run.js";
import { Silence, type Silent } from "../call/silence.js";
import { stream } from "../call/stream.js";
import type { StreamSource } from "../call/stream-source.js";
import { type Guarding, wrap } from "../call/wrap.js";
import { tenthsOfSeconds } from "../errors/seconds.js";
import type { FailfastEventName, FailfastListener, Subscription } from "../events/event-types.js";
import { formatValue } from "../options/format-value.js";
import type { CircuitUpdate } from "../options/options.js";
import type { Signal } from "../options/signal.js";
import type { CircuitState } from "../protocol/record.js";
import type { CircuitDecorator } from "./circuit-decorator.js";
import { apply } from "./decorate.js";
import { type Operated, type OperatorVerbs, operatorVerbs } from "./operator-verbs.js";
import { type Snapshot, snapshotOf } from "./snapshot.js";

/**
 * A named breaker: a decorator, a wrapper, a runner of blocks, and the handle of the circuit's state.
 *
 * `R`: what its fallback gives.
 */
export interface Circuit<R = never> extends CircuitDecorator<R>, OperatorVerbs {
  readonly name: string;
  readonly state: CircuitState;
  /** Set while an operator holds it. */
  readonly held: "open" | "closed" | undefined;
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
   * is first read. An error while it is read is a failure; its end, or a reader's early return, is a success, and
   * neither before the first item; under `callTimeout` that must come in time.
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
}

/** Where a circuit finds its guard: one of its own, or that of a name among many. */
export interface GuardSource extends Guarding, Operated {
  readonly name: string;
  guard(): Guard;
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
  "state" | "held" | "retryAfter" | "run" | "stream" | "snapshot" | "update" | "on"
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
    return snapshotOf(source.name, source.breaker());
  },
  update(options) {
    sourceOf(this).update(options);
  },
  on(event, listener) {
    return sourceOf(this).on(event, listener);
  },
};

const prototype: object = Object.create(Function.prototype, {
  ...Object.getOwnPropertyDescriptors(methods),
  ...Object.getOwnPropertyDescriptors(operatorVerbs(sourceOf)),
});

/** How long a stream behind the circuit may be silent, in ms; 0: as long as it likes. For guards of clients. */
export function idleTimeoutOf(circuit: Circuit): number {
  const { enabled = true, idleTimeout = 0 } = sourceOf(circuit)?.guard().policy ?? {};
  return idleTimeout > 0 && (enabled === true || enabled()) ? idleTimeout : 0;
}

/** Watches a stream behind the circuit, where it has an `idleTimeout`. For guards of clients. */
export function watchSilence(circuit: Circuit, told: (silent: Silent) => void): Silence | undefined {
  const ms = idleTimeoutOf(circuit);
  return ms > 0 ? new Silence(sourceOf(circuit).guard().breaker.session.clock, ms, told) : undefined;
}

/** What is behind a handle. */
export function sourceOf(circuit: unknown): GuardSource {
  return (circuit as Sourced)[SOURCE];
}

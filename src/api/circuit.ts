import type { Breaker } from "../breaker/breaker.js";
import type { Guard } from "../call/guard.js";
import { calledWithoutHandle, run, SOURCE } from "../call/run.js";
import { Silence, type Silent } from "../call/silence.js";
import { stream } from "../call/stream.js";
import type { StreamSource } from "../call/stream-source.js";
import { type Guarding, wrap } from "../call/wrap.js";
import { tenthsOfSeconds } from "../errors/seconds.js";
import type { FailfastEventName, FailfastListener, Subscription } from "../events/event-types.js";
import { signalIn } from "../options/call-options.js";
import { formatValue } from "../options/format-value.js";
import type { CircuitUpdate } from "../options/options.js";
import type { Signal } from "../options/signal.js";
import type { CircuitState } from "../protocol/record.js";
import type { CircuitDecorator } from "./circuit-decorator.js";
import { apply } from "./decorate.js";
import { type Operated, type OperatorVerbs, operatorVerbs } from "./operator-verbs.js";
import { type Snapshot, snapshotOf } from "./snapshot.js";

/**
 * A named breaker: a decorator, a wrapper, a way to run a block, and a handle for the circuit's state.
 *
 * `R`: what its fallback gives.
 */
export interface Circuit<R = never> extends CircuitDecorator<R>, OperatorVerbs {
  readonly name: string;
  /** What calls meet now. `"half-open"`: the open time is over, and a probe runs or the next call is one. */
  readonly state: CircuitState;
  /** Set while an operator holds it. */
  readonly held: "open" | "closed" | undefined;
  /** Seconds until calls may go through again, to a tenth, rounded up; 0 if they may now. */
  readonly retryAfter: number;
  /**
   * Runs one block through the circuit; always returns a promise. The block gets the caller's signal, or a signal that
   * never aborts. If the caller aborts, that is neither a failure nor a success.
   */
  run<T>(
    fn: (signal: Signal) => T | PromiseLike<T>,
    options?: { readonly signal?: Signal | undefined },
  ): Promise<T | Awaited<R>>;
  /**
   * Guards a stream (an async iterable or a `ReadableStream`) to its end, such as the answer of a language model. The
   * stream is opened when it is first read. An error while reading is a failure. Its end is a success, and so is a
   * reader that stops early; before the first item that counts as neither. `callTimeout` limits the time until the
   * first item.
   *
   * @throws {TypeError} while it is read, if `fn` returns neither.
   */
  stream<T>(
    fn: (signal: Signal) => StreamSource<T> | PromiseLike<StreamSource<T>>,
    options?: { readonly signal?: Signal | undefined },
  ): AsyncGenerator<T, void, undefined>;
  /** All that is known of it at this moment. */
  snapshot(): Snapshot;
  /**
   * Changes options of the circuit in this process while it runs. Its state and its counts stay. Options that are left
   * out stay as they are; an option that is `undefined` goes back to its default.
   *
   * @throws {TypeError} | {RangeError} wrong values, or options that contradict each other. In that case nothing is
   * changed.
   */
  update(options: CircuitUpdate): void;
  /** Listens to this circuit. `store-down` and `store-up` come from every store of its `failfast`. */
  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription;
}

/** Where a circuit gets its guard from: its own guard, or one of many guards by name. */
export interface GuardSource extends Guarding, Operated {
  readonly name: string;
  guard(): Guard;
  /** Called when something is wrapped or decorated. */
  claim?(): void;
  update(options: CircuitUpdate): void;
  /** The breaker, if there is one. In memory alone there is none before the first call. */
  breaker(): Breaker | undefined;
  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription;
}

interface Sourced {
  readonly [SOURCE]: GuardSource;
}

/** Makes the function that serves as a circuit's handle. */
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

const methods: Methods & ThisType<unknown> = {
  get state() {
    return behind(this).breaker()?.state ?? "closed";
  },
  get held() {
    return behind(this).breaker()?.held;
  },
  get retryAfter() {
    return tenthsOfSeconds(behind(this).breaker()?.retryAfterMs ?? 0);
  },
  run(fn, options) {
    if (typeof fn !== "function")
      return Promise.reject(new TypeError(`run takes a function; this is ${formatValue(fn)}`));
    return run(this as Sourced, fn as never, options) as Promise<never>;
  },
  stream(fn, options) {
    const source = behind(this, "stream");
    if (typeof fn !== "function") throw new TypeError(`stream takes a function; this is ${formatValue(fn)}`);
    return stream(source.guard(), fn as never, signalIn(options));
  },
  snapshot() {
    const source = behind(this, "snapshot");
    return snapshotOf(source.name, source.breaker());
  },
  update(options) {
    behind(this, "update").update(options);
  },
  on(event, listener) {
    return behind(this, "on").on(event, listener);
  },
};

const prototype: object = Object.create(Function.prototype, {
  ...Object.getOwnPropertyDescriptors(methods),
  ...Object.getOwnPropertyDescriptors(operatorVerbs(behind)),
});

/** How long a stream behind the circuit may be silent, in ms; 0: no limit. For guards of clients. */
export function idleTimeoutOf(circuit: Circuit): number {
  const { enabled = true, idleTimeout = 0 } = sourceOf(circuit)?.guard().policy ?? {};
  return idleTimeout > 0 && (enabled === true || enabled()) ? idleTimeout : 0;
}

/** Watches a stream behind the circuit, if it has an `idleTimeout`. For guards of clients. */
export function watchSilence(circuit: Circuit, onSilent: (silent: Silent) => void): Silence | undefined {
  const ms = idleTimeoutOf(circuit);
  return ms > 0 ? new Silence(sourceOf(circuit).guard().breaker.session.clock, ms, onSilent) : undefined;
}

/** As `sourceOf`, for a method of the handle, which may have been taken off it. */
function behind(circuit: unknown, method = "state"): GuardSource {
  const source = (circuit as Partial<Sourced> | undefined)?.[SOURCE];
  if (source === undefined) throw calledWithoutHandle(method);
  return source;
}

/** What is behind a handle. */
export function sourceOf(circuit: unknown): GuardSource {
  return (circuit as Sourced)[SOURCE];
}

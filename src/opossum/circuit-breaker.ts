import { EventEmitter } from "node:events";
import type { Circuit } from "../api/circuit.js";
import type { Failfast } from "../api/failfast.js";
import { warn } from "../runtime/platform.js";
import type { BreakerEvents } from "./breaker-events.js";
import type { CacheTransport } from "./cache.js";
import { Rejected } from "./call.js";
import { countEvents } from "./count-events.js";
import { breakerError, isOurError } from "./errors.js";
import { failfastFor } from "./failfast-for.js";
import { GuardedCalls } from "./guarded-calls.js";
import { HEALTH_CHECK_MS, HealthCheck } from "./health-check.js";
import {
  type BreakerOptions,
  type BreakerState,
  checked,
  circuitOptions,
  duration,
  type ResolvedOptions,
  statusOf,
  withDefaults,
} from "./options.js";
import { Semaphore } from "./semaphore.js";
import { SharedAnswers } from "./shared-answers.js";
import { type Bucket, type Stats, Status, type StatusOptions } from "./status.js";
import { after } from "./timers.js";
import { Transitions } from "./transitions.js";

/**
 * opossum's `CircuitBreaker`, built on a circuit of failfast. A service only changes one import. With `store` it shares
 * its circuits with the whole fleet. Methods, events, options (in ms), error codes and statistics are opossum's.
 *
 * `TI`: the action's arguments. `TR`: what it resolves to.
 */
export class CircuitBreaker<TI extends unknown[] = unknown[], TR = unknown> extends EventEmitter<
  BreakerEvents<TI, TR>
> {
  /** The options, with opossum's defaults in place. */
  readonly options: ResolvedOptions<TI>;
  /** The function that `fire` calls. */
  readonly action: (...args: TI) => unknown;
  /** The circuit's name: `options.name`, or the action's, or a random one. */
  readonly name: string;
  /** `options.group`, or the name. */
  readonly group: string;
  /** The statistics of the rolling window, with an event `snapshot` for each bucket. */
  readonly status: Status;
  /** Counts the calls under way, at most `options.capacity`. */
  readonly semaphore: Semaphore;
  /** The circuit behind it, for an operator's verbs and other things that opossum does not have. */
  readonly circuit: Circuit;
  readonly #answers: SharedAnswers<TI, TR>;
  readonly #calls: GuardedCalls<TI, TR>;
  readonly #transitions: Transitions;
  #enabled: boolean;
  #warmUpTimer: NodeJS.Timeout | undefined;
  readonly #healthCheck: HealthCheck;

  /** Whether the error comes from the breaker, and not from the action. */
  static isOurError(error: unknown): boolean {
    return isOurError(error);
  }

  /** Statistics to start with, for the option `status`. */
  static newStatus(options?: StatusOptions): Status {
    return new Status(options);
  }

  /**
   * @param action the function to call. Any other value is the result of each call.
   * @throws {TypeError} no action, an option of the wrong type, or a shared circuit without a name.
   */
  constructor(action: (...args: TI) => PromiseLike<TR> | TR, options: BreakerOptions<TI> = {}) {
    super();
    if (!action)
      throw new TypeError(
        "No action provided. Cannot construct a CircuitBreaker without an invocable action.",
      );
    this.action = typeof action === "function" ? action : (): unknown => action;
    this.options = checked(withDefaults(options));
    const { state, timeout, resetTimeout } = this.options;
    if (options.maxFailures)
      console.error("options.maxFailures is deprecated. Please use options.errorThresholdPercentage");

    const { failfast, shared } = failfastFor(options);
    if (shared && !options.name)
      throw new TypeError("a circuit that others share takes a name: give one in options.name");
    this.name = options.name || (typeof action === "function" && action.name) || crypto.randomUUID();
    this.group = options.group || this.name;
    this.circuit = failfast(this.name, duration("resetTimeout", resetTimeout), {
      callTimeout: timeout ? duration("timeout", timeout) : undefined,
      fallback: rejected,
      fallbackOn: "open",
      ...circuitOptions(this.options),
    });

    this.status = statusOf(this.options as never);
    this.semaphore = new Semaphore(this.options.capacity);
    this.#enabled = state === undefined ? options.enabled !== false : state.enabled !== false;
    countEvents(this as unknown as EventEmitter, this.status);

    const emit = (event: string, ...args: unknown[]): void => this.#emit(event, ...args);
    this.#answers = new SharedAnswers(this.options, emit);
    this.#transitions = new Transitions(
      this.circuit,
      Number(resetTimeout),
      (event) => emit(event, ...(event === "halfOpen" ? [resetTimeout] : [])),
      shared ? undefined : closing(failfast),
    );
    this.#calls = new GuardedCalls<TI, TR>(this, this.#transitions, emit);
    this.#healthCheck = new HealthCheck((error) => {
      emit("healthCheckFailed", error);
      this.#transitions.open("a health check failed");
    });
    if (state?.warmUp || options.allowWarmUp === true) {
      this.#calls.warmUp = true;
      this.#warmUpTimer = after(this.options.rollingCountTimeout, () => (this.#calls.warmUp = false));
    }
    if (state?.shutdown) this.shutdown();
    else if (!shared && state?.closed === false) this.#transitions.begin(state);
  }

  // ── Its state ─────────────────────────────────────────────────────────────────────────────

  /** Calls go through. */
  get closed(): boolean {
    return this.#transitions.state === "closed";
  }

  /** Calls are rejected. */
  get opened(): boolean {
    return this.#transitions.state === "open";
  }

  /** The time is over, and one call tries. */
  get halfOpen(): boolean {
    return this.#transitions.state === "half-open";
  }

  /** Half-open, and the next call is the trial. */
  get pendingClose(): boolean {
    return this.#transitions.pendingClose;
  }

  /** It has ended, and rejects all calls. */
  get isShutdown(): boolean {
    return this.#transitions.state === "shutdown";
  }

  /** Whether calls go through the circuit at all. */
  get enabled(): boolean {
    return this.#enabled;
  }

  /** Whether failures don't open it yet. */
  get warmUp(): boolean {
    return this.#calls.warmUp;
  }

  /** How many calls the window must have before the circuit may open. */
  get volumeThreshold(): number {
    return this.options.volumeThreshold;
  }

  /** The counts of the rolling window, in this process. */
  get stats(): Stats {
    return this.status.stats;
  }

  /** Its state, which `options.state` of another breaker takes, and its statistics. */
  toJSON(): { state: BreakerState; status: Stats } {
    const {
      name,
      enabled,
      closed,
      opened: open,
      halfOpen,
      warmUp,
      isShutdown: shutdown,
      stats: status,
    } = this;
    const lastTimerAt = this.#transitions.openedAt;
    return { state: { name, enabled, closed, open, halfOpen, warmUp, shutdown, lastTimerAt }, status };
  }

  // ── Calls ─────────────────────────────────────────────────────────────────────────────────────

  /** Calls the action through the circuit. */
  fire(...args: TI): Promise<TR> {
    return this.call(this.action, ...args);
  }

  /**
   * The same, with a `this` for the action. It rejects with the action's own error, or with one with the `code`
   * `EOPENBREAKER`, `ETIMEDOUT`, `ESEMLOCKED` or `ESHUTDOWN`; or it returns the fallback's answer.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the action's own `this`
  call(context: any, ...args: TI): Promise<TR> {
    if (this.isShutdown) return Promise.reject(breakerError("The circuit has been shutdown.", "ESHUTDOWN"));
    this.#emit("fire", args);
    const perform = async (): Promise<TR> => (await Reflect.apply(this.action, context, args)) as TR;
    if (!this.#enabled) return perform();
    return this.#answers.answer(this, args, (ended) => this.#calls.guard(context, args, ended));
  }

  // ── What a service does with it ───────────────────────────────────────────────────────────────

  /** Answers in place of a failure or a rejection. It gets the call's arguments, and then the error. */
  // biome-ignore lint/suspicious/noExplicitAny: opossum takes any function here
  fallback(answer: ((...args: any[]) => unknown) | CircuitBreaker<any[], unknown>): this {
    this.#calls.fallback =
      answer instanceof CircuitBreaker ? (...args: never[]) => answer.fire(...args) : answer;
    return this;
  }

  /** Opens it, for the whole fleet if it is shared. Here it opens at once. */
  open(): void {
    this.#transitions.open("opened by breaker.open()");
  }

  /** Closes it, for the whole fleet if it is shared, as soon as the store has that. */
  close(): void {
    this.#transitions.close("closed by breaker.close()");
  }

  /** Guards calls again. */
  enable(): void {
    this.#enabled = true;
    this.status.startListeneningForRotateEvent();
  }

  /** Calls go straight to the action until `enable()`. */
  disable(): void {
    this.#enabled = false;
    this.status.removeRotateBucketControllerListener();
  }

  /** Ends it: calls are rejected with `ESHUTDOWN`. A shared circuit goes on for others. */
  shutdown(): void {
    this.#emit("shutdown");
    this.disable();
    this.removeAllListeners();
    clearTimeout(this.#warmUpTimer);
    this.#healthCheck.end();
    this.status.shutdown();
    this.#transitions.end();
    this.clearCache();
  }

  /** Forgets the answers that `options.cache` keeps. */
  clearCache(): void {
    this.#answers.clear();
  }

  /**
   * Calls the check now and every `interval` ms, with the breaker as its `this`. When it rejects, the circuit opens.
   *
   * @throws {TypeError} the check is not a function, or the interval not a number.
   */
  healthCheck(check: (this: this) => unknown, interval: number = HEALTH_CHECK_MS): void {
    this.#healthCheck.begin(check, this, interval);
  }

  /** The signal of `abortController`, if there is one. With `autoRenewAbortController` the next call gets a new one. */
  getSignal(): AbortSignal | undefined {
    return this.getAbortController()?.signal;
  }

  /** The `abortController` of the options, as `getSignal()`. */
  getAbortController(): BreakerOptions["abortController"] {
    if (!this.opened) this.#calls.renewAbortController();
    return this.options.abortController;
  }

  // ── Its events ─────────────────────────────────────────────────────────────────────────────

  #emit(event: string, ...args: unknown[]): void {
    try {
      (this as unknown as EventEmitter).emit(event, ...args);
    } catch (error) {
      warn(
        "FAILFAST_LISTENER",
        `a listener of "${event}" on the breaker ${this.name} failed: ${String(error)}`,
      );
    }
  }
}

/** The names in opossum's types. */
export declare namespace CircuitBreaker {
  export type Options<TI extends unknown[] = unknown[]> = BreakerOptions<TI>;
  export type State = BreakerState;

  export type { Bucket, CacheTransport, Stats, Status, StatusOptions };
}

const closing = (failfast: Failfast) => (): void => void failfast.close();

/** Not in the constructor, because the circuit keeps this function, and would keep the breaker with it. */
const rejected = (error: unknown): Rejected => new Rejected(error);

import type { Circuit } from "../api/circuit.js";
import { keepAlive } from "../runtime/keep-alive.js";
import { Call, type CallOwner, Filtered, Rejected } from "./call.js";
import { breakerError, openError } from "./errors.js";
import type { ResolvedOptions } from "./options.js";
import type { Semaphore } from "./semaphore.js";
import type { CallEnded } from "./shared-answers.js";
import type { Transitions } from "./transitions.js";

type AnyFunction = (...args: never[]) => unknown;

/** What calls need from their breaker. */
export interface GuardedCallsHost<TI extends unknown[]> {
  readonly action: (...args: TI) => unknown;
  readonly circuit: Circuit;
  readonly options: ResolvedOptions<TI>;
  readonly semaphore: Semaphore;
}

/**
 * The calls of one breaker. Each takes a place, goes through the circuit, and emits its events; the fallback answers if
 * it failed.
 */
export class GuardedCalls<TI extends unknown[], TR> implements CallOwner {
  /** Failures don't open the circuit yet. */
  warmUp = false;
  fallback: AnyFunction | undefined;
  readonly #host: GuardedCallsHost<TI>;
  readonly #transitions: Transitions;
  readonly #emit: (event: string, ...args: unknown[]) => void;

  constructor(
    host: GuardedCallsHost<TI>,
    transitions: Transitions,
    emit: (event: string, ...args: unknown[]) => void,
  ) {
    this.#host = host;
    this.#transitions = transitions;
    this.#emit = emit;
  }

  /** One call, with the `this` of the action. */
  async guard(context: unknown, args: TI, ended: CallEnded<TR>): Promise<TR> {
    const { beginning } = this.#transitions;
    if (beginning !== undefined) await beginning;
    const { action, circuit, options, semaphore } = this.#host;
    const call = new Call(this, args);
    // Calls that the circuit will reject take no place. If it closes meanwhile, such a call runs without one.
    const rejects = this.#transitions.rejects;
    call.hasPlace = !rejects && semaphore.test();
    if (!call.hasPlace && !rejects) {
      call.locked(breakerError("Semaphore locked", "ESEMLOCKED"));
      ended("locked");
      return this.#answerFor(call);
    }
    try {
      // Only a call that may time out, or that counts for nothing, has to tell the circuit more than its error.
      const caller = options.timeout || this.warmUp ? { signal: call as never } : undefined;
      const made = circuit.run(() => call.perform(action as never, context), caller);
      // As opossum's timers do.
      const value = await (call.made && options.timeout ? keepAlive(made) : made);
      if (value instanceof Rejected) return this.#rejected(call, value.error);
      if (value instanceof Filtered) throw value.error;
      this.#emit("success", value, call.latencyMs);
      ended("success", value as TR);
      return value as TR;
    } catch (error) {
      if (!call.made) throw error;
      call.threw(error);
      ended(call.hasTimedOut ? "timeout" : "error");
      return this.#answerFor(call);
    }
  }

  #rejected(call: Call, rejection: unknown): TR | Promise<TR> {
    this.ended(call);
    const error = openError(rejection);
    this.#emit("reject", error);
    return this.#fallBack(error, call.args);
  }

  /** The answer of a call that failed. */
  #answerFor({ thrown, args, latencyMs }: Call): TR | Promise<TR> {
    if (thrown?.filtered !== true) return this.#fallBack(thrown?.error, args);
    this.#emit("success", thrown.error, latencyMs);
    throw thrown.error;
  }

  #fallBack(error: unknown, args: readonly unknown[]): TR | Promise<TR> {
    if (this.fallback === undefined) throw error;
    const result = Reflect.apply(this.fallback, this.fallback, [...args, error]);
    this.#emit("fallback", result, error);
    return result as TR | Promise<TR>;
  }

  // ── As the owner of its calls ─────────────────────────────────────────────────────────────────

  get timeout(): number {
    return Number(this.#host.options.timeout);
  }

  began(): void {
    this.renewAbortController();
  }

  ended(call: Call): void {
    if (call.hasPlace) this.#host.semaphore.release();
    call.hasPlace = false;
  }

  isFiltered(error: unknown, args: readonly unknown[]): boolean {
    try {
      return Boolean(this.#host.options.errorFilter(error, ...(args as TI)));
    } catch {
      return false;
    }
  }

  locked(error: Error, latencyMs: number): void {
    this.#emit("semaphoreLocked", error, latencyMs);
  }

  timedOut(error: Error, latencyMs: number, args: readonly unknown[]): void {
    this.#emit("timeout", error, latencyMs, args);
  }

  failed(error: unknown, latencyMs: number, args: readonly unknown[]): void {
    this.#emit("failure", error, latencyMs, args);
  }

  abort(): void {
    this.#host.options.abortController?.abort();
  }

  /** With `autoRenewAbortController`, an aborted controller is replaced. */
  renewAbortController(): void {
    const { options } = this.#host;
    if (options.autoRenewAbortController && options.abortController?.signal?.aborted)
      options.abortController = new AbortController();
  }
}

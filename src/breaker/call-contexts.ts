import { builtin } from "../runtime/platform.js";
import { isThenable } from "../sync/with-deadline.js";

/** A running call that other calls may belong to: its circuit, its epoch, and such a call around it, if any. */
interface CallContext {
  readonly circuit: object;
  readonly epoch: number;
  readonly outer: CallContext | undefined;
}

interface Storage {
  run<T>(value: CallContext, fn: () => T): T;
  getStore(): CallContext | undefined;
  disable(): void;
}

/** The part of `node:async_hooks` that is used. */
interface AsyncContext {
  readonly AsyncLocalStorage: new () => Storage;
}

/**
 * Tells which calls are made from within another call of their own circuit: from within a probe, or from within a call
 * that was admitted while its circuit admits only a share of the calls.
 */
export class CallContexts {
  readonly #hooks: AsyncContext | undefined;
  #storage: Storage | undefined;
  readonly #running = new Set<CallContext>();
  /** For runtimes without async context: there, calls made before the outer function returns are still recognised. */
  #synchronous: CallContext | undefined;

  constructor(hooks: AsyncContext | undefined) {
    this.#hooks = hooks;
  }

  /** Runs a probe's function, so that calls it makes to its own circuit are known to belong to it. */
  run<T>(circuit: object, epoch: number, fn: () => T): T {
    return this.#within({ circuit, epoch, outer: this.#current() }, fn);
  }

  /**
   * The same for another call, while its circuit admits only a share of the calls. `call` is the call with its deadline:
   * nothing belongs to it once it has ended.
   */
  runCall(circuit: object, epoch: number, call: () => unknown): unknown {
    const context: CallContext = { circuit, epoch, outer: this.#current() };
    const over = (): void => this.#remove(context);
    try {
      const result = this.#within(context, call);
      if (isThenable(result)) return Promise.resolve(result).finally(over);
      over();
      return result;
    } catch (error) {
      over();
      throw error;
    }
  }

  /** A call failed. Nothing belongs any more to the calls of its circuit that it was made from within. */
  failed(circuit: object, epoch: number): void {
    for (let context = this.#current(); context !== undefined; context = context.outer)
      if (context.circuit === circuit && context.epoch === epoch) this.#remove(context);
  }

  #within<T>(context: CallContext, fn: () => T): T {
    this.#running.add(context);
    if (this.#hooks !== undefined) {
      this.#storage ??= new this.#hooks.AsyncLocalStorage();
      return this.#storage.run(context, fn);
    }
    this.#synchronous = context;
    try {
      return fn();
    } finally {
      this.#synchronous = context.outer;
    }
  }

  /**
   * The probe is over. On older Nodes async context slows down every promise, so it is kept only while such calls run.
   * Other runtimes may have nothing to turn off.
   */
  ended(circuit: object, epoch: number): void {
    for (const context of this.#running)
      if (context.circuit === circuit && context.epoch === epoch) this.#remove(context);
  }

  /** Whether the current call is made from within such a call of that circuit and epoch, and that one still runs. */
  contain(circuit: object, epoch: number): boolean {
    for (let context = this.#current(); context !== undefined; context = context.outer)
      if (context.circuit === circuit && context.epoch === epoch && this.#running.has(context)) return true;
    return false;
  }

  #remove(context: CallContext): void {
    if (!this.#running.delete(context) || this.#running.size > 0) return;
    try {
      this.#storage?.disable();
    } catch {
      // On Cloudflare it throws.
    }
  }

  #current(): CallContext | undefined {
    if (this.#hooks === undefined) return this.#synchronous;
    return this.#running.size > 0 ? this.#storage?.getStore() : undefined;
  }
}

/** Those of this process. */
export const callContexts: CallContexts = new CallContexts(builtin("node:async_hooks"));

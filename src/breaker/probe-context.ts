import { builtin } from "../runtime/platform.js";
import { isThenable } from "../sync/with-deadline.js";

/** A running probe: its circuit, its epoch, and the probe around it, if any. */
interface ProbeContext {
  readonly circuit: object;
  readonly epoch: number;
  readonly outer: ProbeContext | undefined;
}

interface Storage {
  run<T>(value: ProbeContext, fn: () => T): T;
  getStore(): ProbeContext | undefined;
  disable(): void;
}

/** The part of `node:async_hooks` that is used. */
interface AsyncContext {
  readonly AsyncLocalStorage: new () => Storage;
}

/** Tells which calls are made from within a probe. */
export class ProbeContexts {
  readonly #hooks: AsyncContext | undefined;
  #storage: Storage | undefined;
  readonly #running = new Set<ProbeContext>();
  /** For runtimes without async context: there, calls made before the probe's function returns are still recognised. */
  #synchronous: ProbeContext | undefined;

  constructor(hooks: AsyncContext | undefined) {
    this.#hooks = hooks;
  }

  /** Runs a probe's function, so that calls it makes to its own circuit are known to belong to it. */
  run<T>(circuit: object, epoch: number, fn: () => T): T {
    return this.#within({ circuit, epoch, outer: this.#current() }, fn);
  }

  /** The same for another call, while its circuit admits only a share of the calls. It is over when it has ended. */
  runCall(circuit: object, epoch: number, fn: () => unknown): unknown {
    const context: ProbeContext = { circuit, epoch, outer: this.#current() };
    const over = (): void => this.#remove(context);
    try {
      const result = this.#within(context, fn);
      if (!isThenable(result)) {
        over();
        return result;
      }
      // Other thenables may do their work each time they are asked for their outcome.
      const promise = result instanceof Promise ? result : Promise.resolve(result);
      void promise.then(over, over);
      return promise;
    } catch (error) {
      over();
      throw error;
    }
  }

  #within<T>(context: ProbeContext, fn: () => T): T {
    if (this.#hooks !== undefined) {
      this.#storage ??= new this.#hooks.AsyncLocalStorage();
      this.#running.add(context);
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
   * The probe is over. On older Nodes async context slows down every promise, so it is kept only while probes run. Other
   * runtimes may have nothing to turn off.
   */
  ended(circuit: object, epoch: number): void {
    for (const context of this.#running)
      if (context.circuit === circuit && context.epoch === epoch) this.#remove(context);
  }

  /** Whether the current call is made from within that probe, and it still runs. */
  contain(circuit: object, epoch: number): boolean {
    for (let context = this.#current(); context !== undefined; context = context.outer)
      if (context.circuit === circuit && context.epoch === epoch && this.#runs(context)) return true;
    return false;
  }

  /** Async context outlives the probe while others run. */
  #runs(context: ProbeContext): boolean {
    return this.#hooks === undefined || this.#running.has(context);
  }

  #remove(context: ProbeContext): void {
    this.#running.delete(context);
    if (this.#running.size > 0) return;
    try {
      this.#storage?.disable();
    } catch {
      // On Cloudflare it throws.
    }
  }

  #current(): ProbeContext | undefined {
    return this.#running.size > 0 ? this.#storage?.getStore() : this.#synchronous;
  }
}

/** Those of this process. */
export const probeContexts: ProbeContexts = new ProbeContexts(builtin("node:async_hooks"));

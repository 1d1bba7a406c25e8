/// <reference lib="esnext.disposable" preserve="true" />

import type { FailfastEventName, FailfastListener, Subscription } from "../events/event-types.js";
import type { Duration } from "../options/duration.js";
import type { FailfastDefaults, FailfastOptions } from "../options/options.js";
import type { FleetCircuit } from "../report/fleet-circuits.js";
import { keepAlive } from "../runtime/keep-alive.js";
import type { Circuit } from "./circuit.js";
import type { FallbackResult } from "./circuit-decorator.js";
import type { Circuits } from "./circuits.js";
import type { LintFinding } from "./lint.js";
import { Registry } from "./registry.js";

/**
 * Makes circuits, and holds what they share.
 *
 * `D`: what the default fallback gives, if the defaults have one.
 */
export interface Failfast<D = never> extends AsyncDisposable {
  /**
   * The handle of the circuit with that name, whether the circuit is made before or later. Use it for the state, the
   * events and an operator's verbs. It sets no options. A call through it needs a time: the circuit's own, or a
   * default.
   */
  (name: string): Circuit<D>;
  /**
   * The circuit of that name: a decorator, a wrapper, a way to run a block, and a handle. A second definition of a name
   * may leave out what the first one gave. If it differs, it is refused; in development the newest is valid instead,
   * with one warning.
   *
   * @param timeout how long the circuit stays open after a call has failed.
   * @throws {TypeError} a wrong name or option, or an option that differs from an earlier definition.
   * @throws {RangeError} a time or number out of range.
   */
  <R = D>(name: string, timeout: Duration, options?: FailfastOptions<R>): Circuit<FallbackResult<R>>;
  /** Circuits named by a function of each call's arguments and its `this`, at most `maxCircuits` at a time. */
  <A extends readonly unknown[], T, R = D>(
    nameOf: (this: T, ...args: A) => string,
    timeout: Duration,
    options?: FailfastOptions<R>,
  ): Circuits<A, T, FallbackResult<R>>;
  /**
   * Sets defaults, also for circuits that were made earlier, as long as none of them has been called.
   *
   * @throws {Error} if some have been called; the message lists them.
   */
  configure(defaults: FailfastDefaults): void;
  /** Every circuit that this process has now. */
  circuits(): IterableIterator<Circuit>;
  /**
   * Every circuit that its stores have a record of, whichever process uses it, and the circuits of this process: names,
   * states and holds, as the stores have them now. A circuit that never opened has no record.
   *
   * @throws the store's error, if it can't be read.
   */
  fleet(): Promise<FleetCircuit[]>;
  /** Reports settings that don't fit the traffic so far: circuits that can never trip, or that trip needlessly. */
  lint(): LintFinding[];
  /** Listens to all of its circuits and their stores. */
  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription;
  /**
   * Resolves when the first read of each store has ended or was given up: the default store, and the stores of existing
   * circuits. This promise, and those below, keep the process alive until they settle.
   */
  ready(): Promise<void>;
  /**
   * Resolves when every pending write has ended or was given up. Await it in the last line of a function, a script or a
   * job, before `close()` or `process.exit()`: otherwise the success that would close a circuit may not be stored.
   */
  settled(): Promise<void>;
  /**
   * Ends subscriptions and polling; pending writes and leases get at most half a second. Calls go on, with the state of
   * this process alone, and ask no store.
   */
  close(): Promise<void>;
}

/** The key under which a `failfast` keeps what its circuits share, for code that observes the fleet. */
export const REGISTRY: unique symbol = Symbol.for("failfast.registry") as never;

/** An independent `failfast`, with its own defaults and circuits. */
export function createFailfast<R = never>(defaults?: FailfastDefaults<R>): Failfast<FallbackResult<R>> {
  const registry = new Registry(defaults);
  // The name is set by a key, because variables are renamed when modules are bundled.
  const { failfast: callable } = {
    failfast: (name: unknown, timeout?: Duration, options?: FailfastOptions): unknown =>
      typeof name === "function"
        ? registry.circuits(name as (...args: readonly unknown[]) => string, timeout, options)
        : registry.circuit(name, timeout, options),
  };
  const alive = <T>(promise: Promise<T>): Promise<T> => keepAlive(promise, registry.clock);
  return Object.assign(callable, {
    [REGISTRY]: registry,
    configure: (given: FailfastDefaults) => registry.configure(given),
    circuits: () => registry.all(),
    lint: () => registry.lint(),
    on: (event: FailfastEventName, listener: FailfastListener<FailfastEventName>) =>
      registry.events.on(event, listener),
    fleet: () => alive(registry.fleet()),
    ready: () => alive(registry.ready()),
    settled: () => alive(registry.settled()),
    close: () => alive(registry.close()),
    [Symbol.asyncDispose]: () => alive(registry.close()),
  }) as unknown as Failfast<FallbackResult<R>>;
}

/// <reference lib="esnext.disposable" preserve="true" />

import type { FailfastEventName, FailfastListener, Subscription } from "../events/event-types.js";
import type { Duration } from "../options/duration.js";
import type { FailfastDefaults, FailfastOptions } from "../options/options.js";
import { keepAlive } from "../runtime/keep-alive.js";
import type { Circuit } from "./circuit.js";
import type { FallbackResult } from "./circuit-decorator.js";
import type { Circuits } from "./circuits.js";
import type { FleetCircuit } from "./fleet-circuits.js";
import type { LintFinding } from "./lint.js";
import { Registry } from "./registry.js";

/**
 * Makes circuits, and holds what they share.
 *
 * `D`: what the fallback gives that is a default of theirs.
 */
export interface Failfast<D = never> extends AsyncDisposable {
  /**
   * The handle of the circuit with that name, made before or later: for its state, its events and an
   * operator's verbs. It binds no options. A call through it takes a time: that of the circuit, or a default.
   */
  (name: string): Circuit<D>;
  /**
   * The circuit of that name: a decorator, a wrapper, a runner of blocks, a handle. A second definition of a name may
   * leave out what the first gave; where it differs, it is refused, or, in development, the newest holds and a warning
   * says so once.
   *
   * @param timeout how long it stays open once a call has failed.
   * @throws {TypeError} a wrong name or option, or one that differs from what the circuit was made with.
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
   * Sets defaults, for circuits made earlier too as long as none has been called.
   *
   * @throws {Error} when one has: it lists them.
   */
  configure(defaults: FailfastDefaults): void;
  /** Every circuit that this process has now. */
  circuits(): IterableIterator<Circuit>;
  /**
   * Every circuit that its stores have a record of, whichever process uses it, and those of this process: names, states
   * and holds, as the stores have them now. A circuit that never opened has no record.
   *
   * @throws what a store does, where it can't be read.
   */
  fleet(): Promise<FleetCircuit[]>;
  /** Reports settings that don't fit the traffic so far: circuits that can never trip, or trip needlessly. */
  lint(): LintFinding[];
  /** Listens to all of its circuits and their stores. */
  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription;
  /**
   * Resolves when the first read of each store is done or given up: the default one's, and those of the circuits there
   * are. This promise, and those below, keep the process alive until they settle.
   */
  ready(): Promise<void>;
  /** Resolves when every pending write is done or given up: for a function's or a script's last line. */
  settled(): Promise<void>;
  /** Ends subscriptions and polls, after at most half a second for pending writes. Calls go on, by themselves. */
  close(): Promise<void>;
}

/** Under this a `failfast` has what its circuits have in common, for who observes the fleet. */
export const REGISTRY: unique symbol = Symbol.for("failfast.registry") as never;

/** An independent `failfast`, with its own defaults and circuits. */
export function createFailfast<R = never>(defaults?: FailfastDefaults<R>): Failfast<FallbackResult<R>> {
  const registry = new Registry(defaults);
  // It has its name by a key, for variables are renamed where modules are joined.
  const { failfast: callable } = {
    failfast: (name: unknown, timeout?: Duration, options?: FailfastOptions): unknown =>
      typeof name === "function"
        ? registry.circuits(name as (...args: readonly unknown[]) => string, timeout, options)
        : registry.circuit(name, timeout, options),
  };
  return Object.assign(callable, {
    [REGISTRY]: registry,
    configure: (given: FailfastDefaults) => registry.configure(given),
    circuits: () => registry.all(),
    lint: () => registry.lint(),
    on: (event: FailfastEventName, listener: FailfastListener<FailfastEventName>) =>
      registry.events.on(event, listener),
    fleet: () => keepAlive(registry.fleet()),
    ready: () => keepAlive(registry.ready()),
    settled: () => keepAlive(registry.settled()),
    close: () => keepAlive(registry.close()),
    [Symbol.asyncDispose]: () => keepAlive(registry.close()),
  }) as unknown as Failfast<FallbackResult<R>>;
}

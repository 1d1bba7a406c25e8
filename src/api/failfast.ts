/// <reference lib="esnext.disposable" preserve="true" />

import type { FailfastEventName, FailfastListener, Subscription } from "../events/events.js";
import type { Duration } from "../options/duration.js";
import type { FailfastDefaults, FailfastOptions } from "../options/options.js";
import type { Circuit } from "./circuit.js";
import type { Circuits } from "./circuits.js";
import type { LintFinding } from "./lint.js";
import { Registry } from "./registry.js";

/** Makes circuits, and is what they have in common. */
export interface Failfast extends AsyncDisposable {
  /** Looks up a circuit made before, or, where `configure` gave a time, makes one. */
  (name: string): Circuit;
  /**
   * The circuit of that name: a decorator, a wrapper, a runner of blocks, a handle.
   *
   * @param timeout how long it stays open once a call has failed.
   * @throws {TypeError} a wrong name or option, or one that differs from what the circuit was made with.
   * @throws {RangeError} a time or number out of range.
   */
  (name: string, timeout: Duration, options?: FailfastOptions): Circuit;
  /** Circuits named by a function of each call's arguments, at most `maxCircuits` at a time. */
  <A extends readonly unknown[]>(
    nameOf: (...args: A) => string,
    timeout: Duration,
    options?: FailfastOptions,
  ): Circuits<A>;
  /**
   * Sets defaults, for circuits made earlier too as long as none has been called.
   *
   * @throws {Error} when one has: it lists them.
   */
  configure(defaults: FailfastDefaults): void;
  /** Every circuit there is now. */
  circuits(): IterableIterator<Circuit>;
  /** What the traffic so far speaks against in the circuits' settings: some that can never trip, or trip needlessly. */
  lint(): LintFinding[];
  /** Listens to all of its circuits and their stores. */
  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription;
  /** Resolves when the first read of each store is done or given up. */
  ready(): Promise<void>;
  /** Resolves when every pending write is done or given up: for a function's or a script's last line. */
  settled(): Promise<void>;
  /** Ends subscriptions and polls, after at most half a second for pending writes. Calls go on, by themselves. */
  close(): Promise<void>;
}

/** An independent `failfast`, with its own defaults and circuits. */
export function createFailfast(defaults?: FailfastDefaults): Failfast {
  const registry = new Registry(defaults);
  // It has its name by a key, for variables are renamed where modules are joined.
  const { failfast: callable } = {
    failfast: (name: unknown, timeout?: Duration, options?: FailfastOptions): unknown =>
      typeof name === "function"
        ? registry.circuits(name as (...args: readonly unknown[]) => string, timeout, options)
        : registry.circuit(name, timeout, options),
  };
  return Object.assign(callable, {
    configure: (given: FailfastDefaults) => registry.configure(given),
    circuits: () => registry.all(),
    lint: () => registry.lint(),
    on: (event: FailfastEventName, listener: FailfastListener<FailfastEventName>) =>
      registry.events.on(event, listener),
    ready: () => registry.ready(),
    settled: () => registry.settled(),
    close: () => registry.close(),
    [Symbol.asyncDispose]: () => registry.close(),
  }) as unknown as Failfast;
}

import type { Circuit } from "../api/circuit.js";
import type { Duration, Failfast, FailfastOptions } from "../index.js";
import { failfast as shared } from "../index.js";
import { formatValue } from "../options/format-value.js";
import { lenient } from "../options/options.js";

/**
 * The options that the guards of all clients take besides a circuit's own. Five failures in a row open such a circuit,
 * unless its options or the defaults give `threshold`, `failureRate` or `consecutive`.
 */
export interface ClientOptions extends Omit<FailfastOptions, "fallback" | "returns"> {
  /** How long a circuit stays open. Default: 30 s. */
  readonly timeout?: Duration;
  /** The `failfast` that makes the circuits. Default: the shared one. */
  readonly failfast?: Failfast;
}

/**
 * Finds the circuit of each call, by name.
 *
 * @param name one name for all calls, or a function of the call's target.
 * @param judge the options to use if none are given.
 */
export function circuitsNamed<A extends readonly unknown[]>(
  name: string | ((...args: A) => string),
  options: ClientOptions,
  judge: FailfastOptions,
): (...args: A) => Circuit {
  const { timeout = "30s", failfast = shared, ...circuit } = options;
  const all: FailfastOptions<never> = lenient({
    ...judge,
    ...circuit,
    // A fallback given for all circuits doesn't return a response that a client could read.
    fallback: (error) => {
      throw error;
    },
  });
  if (typeof name !== "string") {
    const circuits = failfast(name as (...args: A) => string, timeout, all);
    return (...args) => circuits.for(...args);
  }
  // Made here, so that a conflicting definition of its name throws here, and not at a call.
  const one = failfast(name, timeout, all);
  return () => one;
}

/** @throws {TypeError} if it can't name a circuit. */
export function checkName(name: unknown): void {
  if (name !== undefined && typeof name !== "string" && typeof name !== "function")
    throw new TypeError(`name is ${formatValue(name)}: it takes a string, or a function that gives one`);
}

/** @throws {TypeError} an `idleTimeout` that would have no effect. */
export function checkIdleTimeout({ idleTimeout }: FailfastOptions, body: boolean): void {
  if (idleTimeout !== undefined && !body)
    throw new TypeError(
      "idleTimeout limits the silence of bodies, which are watched only with body: true: give both, or leave idleTimeout out",
    );
}

/** A status of 500 and more is a failure, and so is 429 if it says when to come back. */
export const failedStatus = (status: number, retryAfter: unknown): boolean =>
  status >= 500 || (status === 429 && retryAfter !== undefined && retryAfter !== null);

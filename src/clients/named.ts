import type { Circuit } from "../api/circuit.js";
import type { Duration, Failfast, FailfastOptions } from "../index.js";
import { failfast as shared } from "../index.js";
import { formatValue } from "../options/format-value.js";
import { lenient } from "../options/options.js";

/**
 * What the guards of all clients take besides a circuit's own options. Five failures in a row open a circuit of theirs
 * where neither they nor the defaults give `threshold`, `failureRate` or `consecutive`.
 */
export interface ClientOptions extends Omit<FailfastOptions, "fallback" | "returns"> {
  /** How long a circuit stays open. Default: 30 s. */
  readonly timeout?: Duration;
  /** Whose circuits they are. Default: the shared `failfast`. */
  readonly failfast?: Failfast;
}

/**
 * The circuit of each call, by its name.
 *
 * @param name one for all, or a function of what a call is to.
 * @param judge the options that take the place of what is left out.
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
    // A fallback given for all circuits has no answer that a client could read.
    fallback: (error) => {
      throw error;
    },
  });
  if (typeof name !== "string") {
    const circuits = failfast(name as (...args: A) => string, timeout, all);
    return (...args) => circuits.for(...args);
  }
  // Made here, so that one that differs from another of its name is refused here, and not by a call.
  const one = failfast(name, timeout, all);
  return () => one;
}

/** @throws {TypeError} what names no circuit. */
export function checkName(name: unknown): void {
  if (name !== undefined && typeof name !== "string" && typeof name !== "function")
    throw new TypeError(`name is ${formatValue(name)}: it takes a string, or a function that gives one`);
}

/** @throws {TypeError} a silence that nobody would notice. */
export function checkIdleTimeout({ idleTimeout }: FailfastOptions, body: boolean): void {
  if (idleTimeout !== undefined && !body)
    throw new TypeError(
      "idleTimeout is about bodies, and without body: true they are not looked at: give that with it, or leave it out",
    );
}

/** A status of 500 and more is a failure, and 429 where it says when to come back. */
export const failedStatus = (status: number, retryAfter: unknown): boolean =>
  status >= 500 || (status === 429 && retryAfter !== undefined && retryAfter !== null);

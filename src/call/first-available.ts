import type { Circuit, Signal } from "../api/circuit.js";
import { isFailfastError } from "../errors/failfast-error.js";
import { formatValue } from "../options/format-value.js";

/**
 * Runs a block through the first of several circuits that admits the call, and goes on to the next when it fails:
 * several providers of one thing, in the order of preference.
 *
 * ```ts
 * const answer = await firstAvailable([openai, anthropic], (circuit, signal) => ask(clients[circuit.name], signal));
 * ```
 *
 * @param fn gets the circuit that admitted the call, and the signal that `.run` gives.
 * @param options `signal`: the caller's own; once it is aborted no further circuit is tried.
 * @throws what the last circuit that admitted the call threw; or, where none did, the `FailfastError` of the one
 * that may be called soonest.
 * @throws {TypeError} a list that is empty or holds what is no circuit.
 */
export async function firstAvailable<T>(
  circuits: readonly Circuit[],
  fn: (circuit: Circuit, signal: Signal) => T | PromiseLike<T>,
  options?: { readonly signal?: Signal | undefined },
): Promise<T> {
  if (
    !Array.isArray(circuits) ||
    circuits.length === 0 ||
    circuits.some((each) => typeof each?.run !== "function")
  )
    throw new TypeError(
      `firstAvailable takes a list of circuits, at least one; this is ${formatValue(circuits)}`,
    );
  let failure: { readonly error: unknown } | undefined;
  let soonest: { readonly error: unknown; readonly retryAfterMs: number } | undefined;
  for (const circuit of circuits as readonly Circuit[]) {
    let called = false;
    try {
      return await circuit.run((signal: Signal) => {
        called = true;
        return fn(circuit, signal);
      }, options);
    } catch (error) {
      if ((options?.signal as { aborted?: boolean } | undefined)?.aborted) throw error;
      if (called) failure = { error };
      else if (isFailfastError(error)) {
        const { retryAfterMs } = error as { retryAfterMs: number };
        if (soonest === undefined || retryAfterMs < soonest.retryAfterMs) soonest = { error, retryAfterMs };
      } else throw error;
    }
  }
  throw (failure ?? soonest)?.error;
}

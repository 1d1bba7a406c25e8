import type { CallerSignal } from "../call/call-policy.js";
import { neverAborting } from "../call/never-aborting.js";
import { rejectionIn } from "../errors/failfast-error.js";
import { checkKnown } from "../options/check-options.js";
import { formatValue, isClass } from "../options/format-value.js";
import type { Signal } from "../options/signal.js";
import type { Circuit } from "./circuit.js";

/** The options of `firstAvailable`. */
export interface FirstAvailableOptions {
  /** The caller's signal. Once it is aborted, no further circuit is tried. */
  readonly signal?: Signal | undefined;
  /**
   * What to do if no circuit admits the call. `"reject"`: the call is not made. `"try"`: the block is called for the
   * circuit that reopens soonest, around its breaker, unless an operator holds that circuit open; the outcome counts
   * for nothing. Default: `"reject"`.
   */
  readonly whenAllOpen?: "reject" | "try" | undefined;
}

/** A circuit that did not admit the call. */
interface Rejection {
  readonly circuit: Circuit<unknown>;
  readonly error: unknown;
  readonly retryAfterMs: number;
  readonly held: boolean;
}

/**
 * Runs a block through the first of several circuits that admits the call, and goes on to the next circuit when the
 * call fails. Use it for several providers of one thing, in order of preference.
 *
 * ```ts
 * const answer = await firstAvailable([openai, anthropic], (circuit, signal) => ask(clients[circuit.name], signal));
 * ```
 *
 * @param fn gets the circuit that admitted the call, and the signal that `.run` gives.
 * @throws what the last circuit that admitted the call threw; if none did, the `FailfastError` of the circuit that may
 * be called soonest.
 * @throws {TypeError} an empty list, an entry that is not a circuit, a block that is not a function, or a wrong option.
 * None of these counts as a failure.
 */
export async function firstAvailable<T>(
  circuits: readonly Circuit<unknown>[],
  fn: (circuit: Circuit, signal: Signal) => T | PromiseLike<T>,
  options: FirstAvailableOptions = {},
): Promise<T> {
  checkKnown(options, ["signal", "whenAllOpen"]);
  const { signal, whenAllOpen = "reject" } = options;
  checkArguments(circuits, fn, whenAllOpen);
  let failure: { readonly error: unknown } | undefined;
  const rejections: Rejection[] = [];
  for (const circuit of circuits) {
    let called = false;
    try {
      const call = (given: Signal) => {
        called = true;
        return fn(circuit as Circuit, given);
      };
      return (await circuit.run(call, { signal })) as T;
    } catch (error) {
      if ((signal as CallerSignal | undefined)?.aborted) throw error;
      const rejection = called ? undefined : rejectionIn(error);
      if (rejection !== undefined) {
        const { retryAfterMs, held } = rejection;
        rejections.push({ circuit, error, retryAfterMs, held: held === "open" });
      } else if (called) failure = { error };
      else throw error;
    }
  }
  if (failure !== undefined) throw failure.error;
  const bySoonest = rejections.sort((a, b) => a.retryAfterMs - b.retryAfterMs);
  const soonest = bySoonest.find(({ held }) => !held);
  if (whenAllOpen === "try" && soonest !== undefined)
    return fn(soonest.circuit as Circuit, signal ?? (neverAborting() as Signal));
  throw bySoonest[0]?.error;
}

function checkArguments(circuits: unknown, fn: unknown, whenAllOpen: unknown): void {
  const listed: readonly unknown[] = Array.isArray(circuits) ? circuits : [];
  if (listed.length === 0 || listed.some((each) => typeof (each as Circuit | undefined)?.run !== "function"))
    throw new TypeError(
      `firstAvailable takes a list of circuits, at least one; this is ${formatValue(circuits)}`,
    );
  if (typeof fn !== "function" || isClass(fn))
    throw new TypeError(`firstAvailable calls a function for each circuit; this is ${formatValue(fn)}`);
  if (whenAllOpen !== "reject" && whenAllOpen !== "try")
    throw new TypeError(`whenAllOpen is ${formatValue(whenAllOpen)}: it takes "reject" or "try"`);
}

import { signalIn } from "../options/call-options.js";
import { isThenable } from "../sync/with-deadline.js";
import type { CallerSignal } from "./call-policy.js";
import { Deadline } from "./deadline.js";
import type { Guard } from "./guard.js";
import { attachHandlers, needsNew } from "./handlers.js";
import { generatorRefused, isGenerator, warnIfLazy } from "./lazy-result.js";
import { neverAborting } from "./never-aborting.js";

/** Under this key a circuit's handle keeps where its guard comes from. */
export const SOURCE: unique symbol = Symbol("failfast.source");

interface Handle {
  readonly [SOURCE]: { guard(): Guard };
}

/** A method of a handle was called without the handle. */
export const calledWithoutHandle = (method: string): TypeError =>
  new TypeError(
    `${method} was taken off its circuit: call it as circuit.${method}(…), or keep circuit.${method}.bind(circuit)`,
  );

/** Runs one block through the circuit. The answer is always a promise. */
export function run(
  handle: Handle,
  fn: (signal: never) => unknown,
  options: { readonly signal?: unknown } | undefined,
): Promise<unknown> {
  try {
    const signal: CallerSignal | undefined = options === undefined ? undefined : signalIn(options);
    // The caller gave up before the call was made: no call, and no probe is used up.
    if (signal?.aborted) return Promise.reject(signal.reason);
    const guard = handle[SOURCE].guard();
    // A block may return a value at once.
    const handlers = signal === undefined ? guard.fastHandlers(undefined) : undefined;
    if (handlers !== undefined) {
      const { onSuccess, onFailure } = handlers;
      let result: unknown;
      try {
        result = fn(neverAborting() as never);
      } catch (error) {
        return needsNew(fn, error) ? Promise.reject(error) : promised(onFailure(error));
      }
      if (result instanceof Promise) return result.then(onSuccess, onFailure);
      if (typeof result === "object" && !isThenable(result)) {
        if (isGenerator(fn)) throw generatorRefused(fn);
        warnIfLazy(result, guard.breaker.name);
      }
      return promised(attachHandlers(result, onSuccess, onFailure));
    }
    const { callTimeout } = guard.policy;
    const deadline =
      callTimeout === 0 ? undefined : new Deadline(guard.breaker.session.clock, callTimeout, signal);
    const given = deadline?.signal ?? signal ?? neverAborting();
    return promised(guard.call(fn as never, undefined, [given], "promise", signal, deadline));
  } catch (error) {
    // Looked at here alone, so that no call pays for it.
    const isHandle = (handle as Handle | undefined)?.[SOURCE] !== undefined;
    return Promise.reject(isHandle ? error : calledWithoutHandle("run"));
  }
}

function promised(result: unknown): Promise<unknown> {
  return result instanceof Promise ? result : Promise.resolve(result);
}

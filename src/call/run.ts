import { signalIn } from "../options/call-options.js";
import { Deadline } from "./deadline.js";
import type { Guard } from "./guard.js";
import { attachHandlers } from "./handlers.js";
import { neverAborting } from "./never-aborting.js";
import type { CallerSignal } from "./policy.js";

/**
 * Runs one block through the circuit. The answer is always a promise.
 *
 * @throws {TypeError} without a source.
 */
export function run(
  source: { guard(): Guard },
  fn: (signal: never) => unknown,
  options: { readonly signal?: unknown } | undefined,
): Promise<unknown> {
  try {
    const signal: CallerSignal | undefined = options === undefined ? undefined : signalIn(options);
    // The caller gave up before the call was made: no call, and no probe is used up.
    if (signal?.aborted) return Promise.reject(signal.reason);
    const guard = source.guard();
    // A block may return a value at once.
    const handlers = signal === undefined ? guard.fastHandlers(undefined) : undefined;
    if (handlers !== undefined) {
      const { onSuccess, onFailure } = handlers;
      let result: unknown;
      try {
        result = fn(neverAborting() as never);
      } catch (error) {
        return promised(onFailure(error));
      }
      return promised(attachHandlers(result, onSuccess, onFailure));
    }
    const { callTimeout } = guard.policy;
    const deadline =
      callTimeout === 0 ? undefined : new Deadline(guard.breaker.session.clock, callTimeout, signal);
    const given = deadline?.signal ?? signal ?? neverAborting();
    return promised(guard.call(fn as never, undefined, [given], "promise", signal, deadline));
  } catch (error) {
    if (source === undefined) throw error;
    return Promise.reject(error);
  }
}

function promised(result: unknown): Promise<unknown> {
  return result instanceof Promise ? result : Promise.resolve(result);
}

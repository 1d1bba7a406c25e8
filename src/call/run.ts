import { requestsApart } from "../runtime/platform.js";
import { Deadline } from "./deadline.js";
import { attachHandlers, type Guard } from "./guard.js";
import type { CallerSignal } from "./policy.js";

let never: unknown;

/** A signal that never aborts, one for all: a controller for each call would cost more than the call. */
export function neverAborting(): unknown {
  if (never === undefined || requestsApart)
    never = new (
      globalThis as unknown as { AbortController: new () => { signal: unknown } }
    ).AbortController().signal;
  return never;
}

/** Runs one block through the circuit; whatever it does, the answer is a promise. */
export function run(
  source: { guard(): Guard },
  fn: (signal: never) => unknown,
  signal: CallerSignal | undefined,
): Promise<unknown> {
  try {
    // Who gave up before the call was made gets no call, and takes no probe.
    if (signal?.aborted) return Promise.reject(signal.reason);
    const guard = source.guard();
    if (signal === undefined && guard.fastPath) {
      const { onSuccess, onFailure } = guard.handlers;
      let result: unknown;
      try {
        result = fn(neverAborting() as never);
      } catch (error) {
        onFailure(error);
      }
      return promised(attachHandlers(result, onSuccess, onFailure));
    }
    const { callTimeout } = guard.policy;
    const deadline =
      callTimeout === 0 ? undefined : new Deadline(guard.breaker.session.clock, callTimeout, signal);
    const given = deadline?.signal ?? signal ?? neverAborting();
    return promised(guard.call(fn as never, undefined, [given], "promise", signal, deadline));
  } catch (error) {
    return Promise.reject(error);
  }
}

function promised(result: unknown): Promise<unknown> {
  return result instanceof Promise ? result : Promise.resolve(result);
}

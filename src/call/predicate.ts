import { warn } from "../runtime/platform.js";
import { isThenable } from "../sync/with-deadline.js";

const warned = new Set<string>();

function warnOnce(kind: string, message: string): void {
  if (warned.has(kind)) return;
  warned.add(kind);
  warn("FAILFAST_PREDICATE", message);
}

/**
 * Calls a predicate that was given as an option. If it throws, that must not replace the call's own outcome: the answer
 * is `otherwise`. A promise counts as false, since a call can't wait for it.
 */
export function ask<T>(
  option: string,
  predicate: (value: T) => boolean,
  value: T,
  otherwise: boolean,
): boolean {
  try {
    const answer: unknown = predicate(value);
    if (!isThenable(answer)) return Boolean(answer);
    // The promise's outcome is ignored, even if it rejects.
    answer.then(undefined, () => undefined);
    warnOnce(
      "promise",
      `${option} returned a promise, which counts as false: give a function that returns true or false at once`,
    );
    return false;
  } catch (error) {
    warnOnce("error", `a predicate given to failfast threw: ${String(error)}`);
    return otherwise;
  }
}

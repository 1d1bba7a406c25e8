import { checkKnown } from "./check-options.js";
import { formatValue } from "./format-value.js";
import type { Signal } from "./signal.js";

const OF_A_CALL = ["signal"];

/**
 * The signal in the options of one call.
 *
 * @throws {TypeError} options that are not an object, another option, or a signal that is not one.
 */
export function signalIn(options: { readonly signal?: unknown } | undefined): Signal | undefined {
  if (options === undefined) return undefined;
  checkKnown(options, OF_A_CALL);
  const signal = options.signal ?? undefined;
  if (signal === undefined || typeof (signal as Signal).aborted === "boolean") return signal as Signal;
  throw new TypeError(
    `signal is ${formatValue(signal)}: it takes an AbortSignal, as in { signal: controller.signal }`,
  );
}

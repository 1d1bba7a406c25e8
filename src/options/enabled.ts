import { environment } from "../runtime/platform.js";
import { formatValue } from "./format-value.js";

/**
 * The value of `FAILFAST_ENABLED`, or `undefined` if it is not set.
 *
 * @throws {TypeError} if it is neither a yes nor a no.
 */
export function enabledByEnvironment(): boolean | undefined {
  const value = environment("FAILFAST_ENABLED")?.trim().toLowerCase();
  if (value === undefined || value === "") return undefined;
  if (["1", "true", "on", "yes"].includes(value)) return true;
  if (["0", "false", "off", "no"].includes(value)) return false;
  throw new TypeError(
    `FAILFAST_ENABLED is ${formatValue(value)}: it takes 1, true, on, yes, or 0, false, off, no`,
  );
}

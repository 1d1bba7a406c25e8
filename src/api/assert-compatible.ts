import { type Duration, milliseconds } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import { type FailfastOptions, SHARED } from "../options/options.js";
import type { CircuitSettings } from "../policy/settings.js";
import type { Definition } from "./registry.js";

/** What of a handle's options is the circuit's. */
export const sharedOf = (options: FailfastOptions): FailfastOptions =>
  Object.fromEntries(SHARED.filter((key) => key in options).map((key) => [key, options[key]]));

/** @throws {TypeError} when two handles of one circuit differ in what belongs to the circuit. */
export function assertCompatible(
  known: Definition,
  timeout: Duration | undefined,
  options: FailfastOptions,
): void {
  const differs = (option: string, is: unknown, asked: unknown): never => {
    throw new TypeError(
      `the circuit ${formatValue(known.name)} was made with ${option} ${formatValue(is)}, and is asked for with ${option} ${formatValue(asked)}: leave it out, or make them equal`,
    );
  };
  if (timeout !== undefined && known.timeout !== undefined) {
    if (milliseconds("timeout", timeout) !== milliseconds("timeout", known.timeout))
      differs("timeout", known.timeout, timeout);
  }
  for (const option of SHARED) {
    const asked = options[option];
    const is = known.options[option];
    if (asked !== undefined && !same(option, asked, is) && (is !== undefined || known.breaker !== undefined))
      differs(option, is, asked);
  }
}

const TIMES: readonly string[] = ["window", "slowCall", "rampUp", "max", "min"];

/** Equal in what they mean: 10 is "10s", and two objects of the same fields are one. */
function same(option: string, asked: unknown, is: unknown): boolean {
  if (asked === is) return true;
  if (asked === undefined || is === undefined || asked === null || is === null) return false;
  if (TIMES.includes(option)) return milliseconds(option, asked) === milliseconds(option, is);
  if (typeof asked !== "object" || typeof is !== "object" || option === "store") return false;
  const [a, b] = [asked as Record<string, unknown>, is as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => same(key, a[key], b[key]));
}

export function sameSettings(name: string, known: CircuitSettings, asked: CircuitSettings): void {
  for (const key of Object.keys(known) as (keyof CircuitSettings)[]) {
    if (known[key] === asked[key]) continue;
    throw new TypeError(
      `the circuit ${formatValue(name)} has ${key} ${formatValue(known[key])}, and is asked for with ${key} ${formatValue(asked[key])}: make them equal`,
    );
  }
}

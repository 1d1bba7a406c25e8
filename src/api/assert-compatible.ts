import { type Duration, milliseconds } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import { type FailfastDefaults, type FailfastOptions, SHARED } from "../options/options.js";
import { resolveSettings } from "../policy/resolve-settings.js";
import type { CircuitSettings } from "../policy/settings.js";
import { environment, platform } from "../runtime/platform.js";
import { type Definition, sharedOf } from "./definition.js";

/** An option that differs between two definitions of one name. */
export interface Difference {
  readonly option: string;
  readonly known: unknown;
  readonly asked: unknown;
}

/**
 * Finds where a second definition of a name differs from the first. An option that it leaves out is inherited. An
 * option that equals its default is not a difference.
 *
 * @throws {TypeError} options that contradict those of the first definition.
 */
export function differenceOf(
  known: Definition,
  timeout: Duration | undefined,
  options: FailfastOptions,
  defaults: FailfastDefaults,
): Difference | undefined {
  const time = known.timeout ?? defaults.timeout ?? timeout;
  const [ours, theirs] = [sharedOf(known.options), sharedOf(options)];
  // Until it is called, a later definition may give what the first one left out.
  const before = resolveSettings(time, defaults, known.called ? ours : { ...theirs, ...ours });
  const after = resolveSettings(timeout ?? time, defaults, { ...ours, ...theirs });
  if (sameSettings(before, after)) return undefined;
  if (timeout !== undefined && milliseconds("timeout", timeout) !== milliseconds("timeout", time))
    return { option: "timeout", known: time, asked: timeout };
  const option = SHARED.find((each) => theirs[each] !== undefined && !same(each, theirs[each], ours[each]));
  return option && { option, known: ours[option], asked: theirs[option] };
}

/** The message: why two definitions of one name can't both be valid. */
export const explainDifference = (name: string, { option, known, asked }: Difference): string =>
  `the circuit ${formatValue(name)} was made with ${option} ${known === undefined ? "left out" : shown(known)}, and is asked for with ${option} ${shown(asked)}`;

/** Of `backoff` and `retryAfter` each field; a store may hold secrets, and never differs. */
const shown = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? JSON.stringify(value, (_, each) => (typeof each === "function" ? formatValue(each) : each))
    : formatValue(value);

export const sameSettings = (a: CircuitSettings, b: CircuitSettings): boolean =>
  (Object.keys(a) as (keyof CircuitSettings)[]).every((key) => key === "hangCalls" || a[key] === b[key]);

/** Vite and other tools load a changed module again under a new address, which is visible in the stack. */
const RELOADED = /[?&](?:t|hmr|hot|update)=\d/;

/**
 * Whether modules may be loaded again while the process runs: in development, or when a hot reload is visible in the
 * stack. In that case the newest definition of a name is valid.
 */
export function reloads(): boolean {
  const mode = environment("NODE_ENV");
  if (mode !== undefined && mode !== "" && mode !== "production") return true;
  if (platform.process?.execArgv?.includes("--hot")) return true;
  return mode !== "production" && RELOADED.test(new Error("where it is defined").stack ?? "");
}

const TIMES: readonly string[] = ["window", "slowCall", "rampUp", "max", "min", "forget"];

/** Equal in meaning: 10 equals "10s", and objects with equal fields are equal. */
function same(option: string, asked: unknown, is: unknown): boolean {
  if (asked === is) return true;
  if (asked === undefined || is === undefined || asked === null || is === null) return false;
  if (TIMES.includes(option)) return milliseconds(option, asked) === milliseconds(option, is);
  if (typeof asked !== "object" || typeof is !== "object" || option === "store") return false;
  const [a, b] = [asked as Record<string, unknown>, is as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => same(key, a[key], b[key]));
}

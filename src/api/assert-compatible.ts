import { type Duration, milliseconds } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import { type FailfastDefaults, type FailfastOptions, SHARED } from "../options/options.js";
import { resolveSettings } from "../policy/resolve-settings.js";
import type { CircuitSettings } from "../policy/settings.js";
import { environment, platform } from "../runtime/platform.js";
import { type Definition, sharedOf } from "./definition.js";

/** An option in which two definitions of one name differ. */
export interface Difference {
  readonly option: string;
  readonly known: unknown;
  readonly asked: unknown;
}

/**
 * Where a second definition of a name differs from the first. What it leaves out is inherited, and an option that is
 * equal to its default is no difference.
 *
 * @throws {TypeError} options that make no sense with those of the first.
 */
export function differenceOf(
  known: Definition,
  timeout: Duration | undefined,
  options: FailfastOptions,
  defaults: FailfastDefaults,
): Difference | undefined {
  const time = known.timeout ?? defaults.timeout ?? timeout;
  const [ours, theirs] = [sharedOf(known.options), sharedOf(options)];
  // Until it is called, a later definition may give what the first left out.
  const before = resolveSettings(time, defaults, known.breaker === undefined ? { ...theirs, ...ours } : ours);
  const after = resolveSettings(timeout ?? time, defaults, { ...ours, ...theirs });
  if (sameSettings(before, after)) return undefined;
  if (timeout !== undefined && milliseconds("timeout", timeout) !== milliseconds("timeout", time))
    return { option: "timeout", known: time, asked: timeout };
  const option = SHARED.find((each) => theirs[each] !== undefined && !same(each, theirs[each], ours[each]));
  return option && { option, known: ours[option], asked: theirs[option] };
}

/** Why two definitions of one name can't both hold. */
export const explainDifference = (name: string, { option, known, asked }: Difference): string =>
  `the circuit ${formatValue(name)} was made with ${option} ${known === undefined ? "left out" : formatValue(known)}, and is asked for with ${option} ${formatValue(asked)}`;

export const sameSettings = (a: CircuitSettings, b: CircuitSettings): boolean =>
  (Object.keys(a) as (keyof CircuitSettings)[]).every((key) => key === "hangCalls" || a[key] === b[key]);

/** The stack of a module that was loaded again has its new address, as Vite and others make it. */
const RELOADED = /[?&](?:t|hmr|hot|update)=\d/;

/**
 * Whether modules may be evaluated again while the process runs: in development, or where a hot reload can be seen.
 * There the newest definition of a name wins.
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

import type { Breaker } from "../breaker/breaker.js";
import { checkObject, checkOptions } from "../options/check-options.js";
import type { Duration } from "../options/duration.js";
import {
  type CircuitUpdate,
  type FailfastDefaults,
  type FailfastOptions,
  LENIENT,
  SHARED,
} from "../options/options.js";
import { resolveSettings } from "../policy/resolve-settings.js";
import type { CircuitSettings } from "../policy/settings.js";

/** How long an operator opens a circuit if nobody here has given it a time. */
const OPERATED_TIME: Duration = "1m";

/** The time and the options that a circuit was given. */
export interface Given {
  readonly timeout: Duration | undefined;
  readonly options: FailfastOptions;
}

/** What one name means in one store. Its breaker is made at the first use, which may be a look at it. */
export class Definition implements Given {
  readonly name: string;
  timeout: Duration | undefined;
  options: FailfastOptions;
  breaker: Breaker | undefined;
  /** A call or an operator has used it. From then on its settings are fixed; a look at it fixes nothing. */
  called = false;
  /**
   * `"defined"`: somebody gave its time or options, or guards something with it. `"named"`: there is only a handle by
   * its name. `"operated"`: such a handle was used by an operator, and for nothing else.
   */
  status: "defined" | "named" | "operated" = "named";

  constructor(name: string, timeout: Duration | undefined, options: FailfastOptions) {
    this.name = name;
    this.timeout = timeout;
    this.options = options;
  }

  /** Whether it says anything that a second definition could contradict. A handle of an operator never does. */
  binds(defaults: FailfastDefaults): boolean {
    return this.status === "defined" || (this.status === "named" && defaults.timeout !== undefined);
  }
}

/**
 * Resolves a circuit's settings from what it was given. With `operated`, the time is a minute if nobody gave one.
 *
 * @throws {TypeError} options that contradict each other.
 */
export const settingsOf = (
  { timeout, options }: Given,
  defaults: FailfastDefaults,
  operated = false,
): CircuitSettings =>
  resolveSettings(timeout ?? defaults.timeout ?? (operated ? OPERATED_TIME : undefined), defaults, options);

/** Those options of a handle that belong to its circuit. */
export const sharedOf = (options: FailfastOptions): FailfastOptions =>
  Object.fromEntries(
    [...SHARED, LENIENT].filter((key) => key in options).map((key) => [key, options[key as keyof object]]),
  );

/**
 * What a circuit was given, with some options changed. An option that is `undefined` goes back to its default. A check
 * is judged by the options of the handle that gives it.
 *
 * @throws {TypeError} | {RangeError} an option that can't be changed, and wrong values.
 */
export function withUpdate(given: Given, update: CircuitUpdate, handle: FailfastOptions): Given {
  checkObject(update);
  const { timeout, ...changed } = checkOptions(update as FailfastDefaults, "update");
  const judging = changed.recovery === undefined ? given.options : handle;
  const kept: Record<string, unknown> = { ...judging, ...sharedOf(given.options) };
  for (const option of Object.keys(update)) delete kept[option];
  return { timeout: timeout ?? given.timeout, options: { ...kept, ...changed } };
}

import type { CircuitSettings } from "../policy/settings.js";
import { Throttle } from "../policy/throttle.js";
import { countsSuccesses, type TripReason, TripRule, tripsAtOnce } from "../policy/trip-rule.js";
import type { Failure } from "./failure.js";
import type { StoreSession } from "./store-session.js";

/** What the calls of this process showed while the circuit was closed. Made when the first call is counted. */
export class Traffic {
  readonly rule: TripRule | undefined;
  readonly #throttle: Throttle | undefined;
  readonly #session: StoreSession;

  constructor(settings: CircuitSettings, session: StoreSession) {
    this.#session = session;
    if (settings.mode === "throttle") this.#throttle = new Throttle(settings.window);
    else this.rule = new TripRule(settings);
  }

  /** Says why it trips the circuit, if it does. A failure, which can trip, is dated by the exact clock. */
  failed(failure: Failure): TripReason | undefined {
    const now = this.#session.clock.now();
    this.#throttle?.failed(now);
    if (this.rule === undefined) return undefined;
    if (failure.origin === "host") this.rule.hostFailedAt = now;
    if (failure.countedAtMs !== undefined) return this.rule.ended(now, true, failure.countedAtMs);
    return this.rule.record(now, true, failure.slow);
  }

  succeeded(now: number | undefined, slow: boolean, countedAtMs?: number): TripReason | undefined {
    if (this.rule !== undefined) {
      const ended = now ?? this.#session.coarse();
      if (countedAtMs !== undefined) return this.rule.ended(ended, false, countedAtMs);
      return this.rule.record(ended, false, slow);
    }
    this.#throttle?.accepted(this.#session.clock.now());
    return undefined;
  }

  /** That many calls, which began then, are slow and have not ended. */
  slowUnderWay(now: number, calls: number, beganMs: number): TripReason | undefined {
    return this.rule?.slowUnderWay(now, calls, beganMs);
  }

  /** Whether to hold a call back, in `mode: "throttle"`. */
  holdsBack(now: number, random: number): boolean {
    return this.#throttle?.holdsBack(now, random) ?? false;
  }

  /** The failures so far may be the fault of this host. */
  get ofThisHost(): boolean {
    return this.rule?.suspects(this.#session.clock.now()) ?? false;
  }

  /** Calls here succeed so often that a trip by another process is doubtful. */
  get doubts(): boolean {
    return this.rule?.doubts(this.#session.coarse()) ?? false;
  }

  clear(): void {
    this.rule?.clear();
  }
}

/** Whether successes have to be counted too. */
export const countsSuccessesOf = (settings: CircuitSettings): boolean =>
  settings.mode === "throttle" || countsSuccesses(settings);

/** Every failure trips, and successes don't count, so no counts are kept. */
export const countsNothing = (settings: CircuitSettings): boolean =>
  settings.mode !== "throttle" && tripsAtOnce(settings);

/** The settings that decide how calls are counted. */
const COUNTING = [
  "mode",
  "threshold",
  "window",
  "failureRate",
  "minimumCalls",
  "consecutive",
  "slowCall",
  "slowCallRate",
  "hangCalls",
] as const;

export const countsAlike = (a: CircuitSettings, b: CircuitSettings): boolean =>
  COUNTING.every((each) => a[each] === b[each]);

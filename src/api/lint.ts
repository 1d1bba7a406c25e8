import type { Breaker } from "../breaker/breaker.js";
import { formatValue } from "../options/format-value.js";
import { countsSuccesses } from "../policy/trip-rule.js";

/** A setting of a circuit that does not fit the traffic so far. */
export interface LintFinding {
  readonly circuit: string;
  /**
   * `"never-trips"`: there aren't enough calls for it. `"trips-needlessly"`: the backend worked each time, or its
   * ordinary calls take as long as a slow one.
   */
  readonly finding: "never-trips" | "trips-needlessly";
  /** What was seen, and what to change. */
  readonly message: string;
}

/**
 * A rate is judged after this many windows; needless trips are judged after this many trips, and reported from this
 * share of them.
 */
const WINDOWS = 3;
const TRIPS = 5;
const NEEDLESS = 0.8;
/** One call in a thousand may be slow. Among this many calls, this share is far too many. */
const CALLS = 200;
const SLOW = 0.02;

const NONE = { calls: 0, slow: 0 };

/** Reports settings of a circuit that don't fit its traffic so far. */
export function* lintBreaker(breaker: Breaker): Generator<LintFinding> {
  const { name, settings, session, counts } = breaker;
  const { trips, needlessTrips: needless } = counts;
  if (countsSuccesses(settings)) {
    const traffic = breaker.traffic.rule;
    const windows = Math.floor(traffic?.windows(session.clock.now()) ?? 0);
    if (traffic !== undefined && windows >= WINDOWS && traffic.busiest < settings.minimumCalls) {
      yield {
        circuit: name,
        finding: "never-trips",
        message: `the circuit ${formatValue(name)} can't trip: no window of ${settings.window} ms had more than ${traffic.busiest} calls in ${windows} windows, and minimumCalls is ${settings.minimumCalls}; lower it or widen the window`,
      };
    }
  }
  const { calls, slow } = settings.slowCall === 0 ? NONE : (breaker.traffic.rule?.seen ?? NONE);
  if (calls >= CALLS && slow >= SLOW * calls) {
    yield {
      circuit: name,
      finding: "trips-needlessly",
      message: `of ${calls} calls of the circuit ${formatValue(name)} ${slow} took ${settings.slowCall} ms or longer, and they count as slow: give slowCall a time that one call in a thousand takes while the backend is well`,
    };
  }
  const mostlyNeedless = needless > 0 && needless >= NEEDLESS * trips;
  const { threshold, consecutive, failureRate } = settings;
  // If calls are counted, one such trip is evidence enough.
  const byLoneFailures = threshold === 1 && consecutive === 0 && failureRate === 0 && calls >= CALLS;
  if (byLoneFailures && mostlyNeedless) {
    yield {
      circuit: name,
      finding: "trips-needlessly",
      message: `${trips} of its ${calls} calls tripped the circuit ${formatValue(name)}, and ${needless} times its first probe succeeded at once: a lone failure trips it beside slowCall; set consecutive: 5, say`,
    };
  } else if (trips >= TRIPS && mostlyNeedless) {
    yield {
      circuit: name,
      finding: "trips-needlessly",
      message: `the circuit ${formatValue(name)} tripped ${trips} times, and ${needless} times its first probe succeeded at once: its ordinary errors trip it; raise the threshold, use a failureRate, or say with exceptions what is a failure`,
    };
  }
}

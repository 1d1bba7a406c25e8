// Whether the calls of a process may trip its circuit, and whether they must, by each rule as documented, with the
// tolerance of a window that is counted in tenths.
import { milliseconds } from "./facts.mjs";

/** The part of the window that every count includes, and the most that a count may include. */
const SURELY = 0.75;
const AT_MOST = 1.05;
const KEPT = 2_000;
/** The silence may have begun with an item that came late: then this share of the time is left, or a little less. */
const LEAST_SILENT = 0.15;

export function makeCounting(plan) {
  /** A call's own time-outs are not seen here when they are counted, and slow calls are counted otherwise. */
  const exact = plan.pace && !plan.slow && plan.options.callTimeout === undefined;
  /** By member and circuit. */
  const counted = new Map();
  const of = (member, name) => {
    const key = `${member.name} ${name}`;
    if (!counted.has(key))
      counted.set(key, { options: plan.options, outcomes: [], surely: 0, generation: 0 });
    return counted.get(key);
  };

  const inARow = (outcomes) => {
    const last = outcomes.findLastIndex(({ failed }) => !failed);
    return outcomes.length - 1 - last;
  };
  const failures = (outcomes) => outcomes.filter(({ failed }) => failed).length;

  /**
   * Whether that many failures, among so many calls of the window, trip it. `calls` are at least or at most `others`.
   */
  function met({ threshold, failureRate, consecutive, minimumCalls = 10 }, failed, calls, others) {
    if (failureRate === undefined) return failed >= (threshold ?? (consecutive === undefined ? 1 : Infinity));
    return calls >= minimumCalls && failed >= (threshold ?? 0) && failed >= failureRate * others;
  }

  return {
    /** The count starts again: it opened or closed, or an operator held it. */
    reset(member, name) {
      Object.assign(of(member, name), { outcomes: [], surely: 0 });
    },
    updated(member, name, changes) {
      const its = of(member, name);
      its.options = { ...its.options, ...changes };
      // The count starts again if it is counted in another way from now on.
      its.surely = its.outcomes.length;
    },
    /** The rule by which a call that begins now is counted. */
    rule: (member, name) => of(member, name).options,
    /**
     * A call ended that counts, and began under that rule; `moved`: unless the fleet has begun a new epoch meanwhile.
     * Returns whether it has to trip the circuit.
     */
    ended(member, name, rule, failed, moved, generation) {
      const its = of(member, name);
      if (its.generation !== generation) its.surely = its.outcomes.length;
      its.generation = generation;
      const now = member.monotonic();
      // If the rule at its beginning did not count successes, nobody tells the circuit of this one.
      const maybe = moved || (!failed && rule !== its.options);
      // Successes are dated by the coarse clock, which stands still in a loop that never yields.
      const dated = failed ? now : member.coarse();
      its.outcomes.push({ at: now, dated, failed, maybe });
      if (its.outcomes.length > 2 * KEPT) {
        its.outcomes.splice(0, KEPT);
        its.surely = Math.max(0, its.surely - KEPT);
      }
      if (!exact || !failed || maybe) return false;
      const { consecutive = Infinity, window = "10s" } = its.options;
      const sure = its.outcomes.slice(its.surely);
      if (inARow(sure) >= consecutive && !sure.some((each) => each.maybe)) return true;
      const few = sure.filter(({ dated, maybe }) => !maybe && now - dated < SURELY * milliseconds(window));
      const many = its.outcomes.filter(({ at }) => now - at <= AT_MOST * milliseconds(window) + 100);
      return met(its.options, failures(few), few.length, many.length);
    },
    /** A call that may have failed by now; returns a function to call once the failure is known. */
    pending(member, name, idleMs) {
      const at = member.monotonic();
      const outcome = { at, dated: at, failed: true, maybe: true, knownAt: at + LEAST_SILENT * idleMs };
      of(member, name).outcomes.push(outcome);
      return () => {
        const its = of(member, name);
        const at = its.outcomes.indexOf(outcome);
        // It counts when its failure is known, after the calls that ended before.
        if (at !== -1) its.outcomes.push(...its.outcomes.splice(at, 1));
        if (at !== -1 && at < its.surely) its.surely--;
        const now = member.monotonic();
        Object.assign(outcome, { at: now, dated: now, maybe: false, knownAt: undefined });
      };
    },
    /** How many of its calls succeeded within so many ms. */
    successes(member, name, ms) {
      const now = member.monotonic();
      return of(member, name).outcomes.filter(({ at, failed }) => !failed && now - at <= ms).length;
    },
    /** Whether the outcomes of its calls may have tripped it. */
    mayTrip(member, name) {
      if (!exact) return true;
      const { options, outcomes: all, surely } = of(member, name);
      const { consecutive = Infinity, window = "10s" } = options;
      const now = member.monotonic();
      // A stream that has been silent for long may be the one that has just failed.
      const silent = all.filter(({ knownAt }) => now >= knownAt).map((each) => ({ ...each, at: now }));
      const outcomes = [...all.filter(({ knownAt }) => knownAt === undefined), ...silent];
      if (inARow(outcomes.filter(({ failed, maybe }) => failed || !maybe)) >= consecutive) return true;
      // The count may have started again since.
      const few = all
        .slice(surely)
        .filter(({ dated, maybe }) => !maybe && now - dated < SURELY * milliseconds(window));
      const many = outcomes.filter(({ at }) => now - at <= AT_MOST * milliseconds(window) + 100);
      return met(options, failures(many), many.length, few.length);
    },
  };
}

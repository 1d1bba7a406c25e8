import type { Admission } from "./admission.js";
import { callsAreSlow } from "./outcome.js";
import type { Shell } from "./shell.js";
import { SlowWatch } from "./slow-watch.js";
import { COARSE_FROM_MS } from "./store-session.js";

/** Groups whose calls have all ended are removed when there are this many; after that, when the rest has doubled. */
const SWEPT_FROM = 16;
/** A group that begins with the coarse clock may get further calls for so long, in ms. */
const OPEN_MS = 100;
/** Of calls that never end so many groups are remembered. */
const MOST_GROUPS = 10_000;

/** Calls that began together, under one admission. */
export class CallGroup {
  readonly admission: Admission;
  /** When they began, on the monotonic clock. */
  readonly beganMs: number;
  /** How many have not ended. */
  underWay = 1;
  /** When those under way were counted as slow: their ends don't count as calls again. */
  countedAtMs: number | undefined;
  lookAtMs: number = Infinity;

  constructor(admission: Admission, beganMs: number) {
    this.admission = admission;
    this.beganMs = beganMs;
  }
}

/** The calls of a circuit that have not ended, in groups of those that began together. */
export class CallsUnderWay {
  readonly #breaker: Shell;
  readonly #watch: SlowWatch;
  #groups: CallGroup[] = [];
  #sweepFrom = SWEPT_FROM;
  /** The watch will look at it. */
  watched = false;

  constructor(breaker: Shell) {
    this.#breaker = breaker;
    this.#watch = SlowWatch.of(breaker.session.clock);
  }

  add(group: CallGroup): void {
    const { slowCall } = this.#breaker.settings;
    if (this.#groups.length >= this.#sweepFrom)
      this.#sweep(slowCall < COARSE_FROM_MS ? group.beganMs : group.beganMs - OPEN_MS);
    this.#groups.push(group);
    if (slowCall === 0) return;
    group.lookAtMs = group.beganMs + slowCall;
    // What reads the coarse clock keeps the ticker going, by which a blocked event loop is seen.
    if (slowCall < COARSE_FROM_MS) this.#breaker.session.coarse();
    this.#watch.expect(this, group.lookAtMs, slowCall);
  }

  /** How many calls there are. */
  get calls(): number {
    return this.#groups.reduce((sum, { underWay }) => sum + underWay, 0);
  }

  /** For how long the oldest has been under way, in ms; 0 where there is none. */
  get oldestMs(): number {
    const began = this.#groups.map((group) => (group.underWay > 0 ? group.beganMs : Infinity));
    const first = Math.min(...began);
    return first === Infinity ? 0 : this.#breaker.session.clock.now() - first;
  }

  /** Counts those that have taken as long as a slow call. In how many ms to look again; `Infinity`: not before another begins. */
  look(): number {
    const { session, settings } = this.#breaker;
    const now = session.readingFor(settings.slowCall)();
    this.#sweep(now - OPEN_MS);
    for (const group of this.#groups) if (group.lookAtMs <= now) this.#lookAt(group, now);
    // A listener may have begun others meanwhile.
    return this.#groups.reduce((next, { lookAtMs }) => Math.min(next, lookAtMs), Infinity) - now;
  }

  /** What was counted is forgotten: calls count anew when they end. */
  forget(): void {
    for (const group of this.#groups) group.countedAtMs = undefined;
  }

  #lookAt(group: CallGroup, now: number): void {
    const { session, settings } = this.#breaker;
    const { slowCall } = settings;
    const { beganMs, admission, underWay } = group;
    group.lookAtMs = Infinity;
    if (slowCall === 0 || underWay === 0) return;
    // While this process was blocked no answer could be read.
    const blockedMs = session.clock.blocked?.(beganMs) ?? 0;
    const hasTaken = now - beganMs - blockedMs;
    if (hasTaken < slowCall) group.lookAtMs = now + slowCall - hasTaken;
    else if (group.countedAtMs === undefined) {
      group.countedAtMs = now;
      group.lookAtMs = now + slowCall;
      callsAreSlow(this.#breaker, admission, underWay, beganMs, now);
    } else callsAreSlow(this.#breaker, admission, 0, beganMs, now);
  }

  #sweep(before: number): void {
    const left = this.#groups.filter(({ underWay, beganMs }) => underWay > 0 || beganMs >= before);
    this.#groups = left.slice(-MOST_GROUPS);
    this.#sweepFrom = Math.max(SWEPT_FROM, 2 * this.#groups.length);
  }
}

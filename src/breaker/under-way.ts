import type { Admission } from "./admission.js";
import { callsAreSlow } from "./outcome.js";
import type { Shell } from "./shell.js";
import { SlowWatch } from "./slow-watch.js";
import { COARSE_FROM_MS } from "./store-session.js";

/** When there are this many groups, those whose calls have all ended are removed; later when the number has doubled. */
const SWEPT_FROM = 16;
/** With the coarse clock, a group may get further calls for so long after it began, in ms. */
const OPEN_MS = 100;
/** At most this many groups are kept, for calls that never end. */
const MOST_GROUPS = 10_000;

/** Calls that began together, under one admission. */
export class CallGroup {
  readonly admission: Admission;
  /** When they began, on the monotonic clock. With a value from the start, V8 keeps it in place. */
  readonly beganMs: number = Infinity;
  /** How many of them have not ended. */
  underWay = 1;
  /** When they were counted as slow while still running. Their ends don't count as calls again. */
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
  /** The watch is going to look at it. */
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
    // Reading the coarse clock keeps its ticker alive, which detects a blocked event loop.
    if (slowCall < COARSE_FROM_MS) this.#breaker.session.coarse();
    this.#watch.expect(this, group.lookAtMs, slowCall);
  }

  /** How many calls there are. */
  get calls(): number {
    return this.#groups.reduce((sum, { underWay }) => sum + underWay, 0);
  }

  /** How long the oldest has been running, in ms; 0 if there is none. */
  get oldestMs(): number {
    const began = this.#groups.map((group) => (group.underWay > 0 ? group.beganMs : Infinity));
    const first = Math.min(...began);
    return first === Infinity ? 0 : this.#breaker.session.clock.now() - first;
  }

  /**
   * Counts the calls that have run as long as a slow call. Returns when to look again, in ms; `Infinity`: not before
   * another call begins.
   */
  look(): number {
    const { session, settings } = this.#breaker;
    const now = session.readingFor(settings.slowCall)();
    this.#sweep(now - OPEN_MS);
    for (const group of this.#groups) if (group.lookAtMs <= now) this.#lookAt(group, now);
    // A listener may have begun other calls meanwhile.
    return this.#groups.reduce((next, { lookAtMs }) => Math.min(next, lookAtMs), Infinity) - now;
  }

  /** Forgets what was counted: calls count again when they end. */
  forget(): void {
    for (const group of this.#groups) group.countedAtMs = undefined;
  }

  #lookAt(group: CallGroup, now: number): void {
    const { session, settings } = this.#breaker;
    const { slowCall } = settings;
    const { beganMs, admission, underWay } = group;
    group.lookAtMs = Infinity;
    if (slowCall === 0 || underWay === 0) return;
    // While this process was blocked, no answer could be read.
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

import type { Clock } from "../runtime/clock.js";
import { platform } from "../runtime/platform.js";

/** A timer that is this late, in ms, is lost: a test framework has cleared it. */
const LOST_MS = 50;

/** Something with calls that may become slow. */
interface Watched {
  watched: boolean;
  /** When to look again, in ms from now; `Infinity`: not before another call begins. */
  look(): number;
}

const watches = new WeakMap<Clock, SlowWatch>();

/**
 * Looks at running calls at the moment they may become slow. One timer serves all circuits of a clock, and there is
 * none while no call runs.
 */
export class SlowWatch {
  readonly #clock: Clock;
  readonly #circuits = new Set<Watched>();
  /** The next look. */
  #dueMs = Infinity;
  #armedBy = platform.setTimeout;
  #cancel: (() => void) | undefined;

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  static of(clock: Clock): SlowWatch {
    const known = watches.get(clock);
    if (known !== undefined) return known;
    const made = new SlowWatch(clock);
    watches.set(clock, made);
    return made;
  }

  /** A call of that circuit may be slow at that moment, this many ms from now. */
  expect(circuit: Watched, dueMs: number, inMs: number): void {
    if (!circuit.watched) {
      circuit.watched = true;
      this.#circuits.add(circuit);
    }
    const now = dueMs - inMs;
    if (dueMs < this.#dueMs) this.#arm(dueMs, inMs);
    else if (this.#isLost(now)) this.#arm(now, 0);
  }

  /** A test framework's timer is gone when its fake time ends. */
  #isLost(now: number): boolean {
    return this.#armedBy !== platform.setTimeout || now > this.#dueMs + LOST_MS;
  }

  #arm(dueMs: number, inMs: number): void {
    this.#cancel?.();
    this.#armedBy = platform.setTimeout;
    this.#dueMs = dueMs;
    this.#cancel = this.#clock.after(inMs, () => this.#look());
  }

  #look(): void {
    this.#dueMs = Infinity;
    let inMs = Infinity;
    for (const circuit of this.#circuits) {
      const nextInMs = circuit.look();
      if (nextInMs === Infinity) {
        circuit.watched = false;
        this.#circuits.delete(circuit);
      }
      inMs = Math.min(inMs, nextInMs);
    }
    // Calls that a listener began meanwhile are later than those.
    const dueMs = this.#clock.now() + Math.max(inMs, 1);
    if (dueMs < this.#dueMs) this.#arm(dueMs, Math.max(inMs, 1));
  }
}

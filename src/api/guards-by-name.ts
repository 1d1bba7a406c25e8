import type { Guard } from "../call/guard.js";

/** At most this many are examined to find one to remove; they then move to the end. */
const LOOKS = 64;

/**
 * The guards of many names. If there are too many, the least useful one is removed: first a closed one, where those
 * used since the last look get a second chance, then the one that would close next.
 */
export class GuardsByName {
  readonly #guards = new Map<string, Guard>();
  /** Of names that nobody has called: somebody looked at their circuits. */
  readonly #looked = new Map<string, Guard>();
  readonly #make: (name: string) => Guard;
  readonly #limit: () => number;

  /** `limit`: how many are kept at a time. */
  constructor(make: (name: string) => Guard, limit: () => number) {
    this.#make = make;
    this.#limit = limit;
  }

  get(name: string): Guard {
    let guard = this.#guards.get(name);
    if (guard === undefined) {
      if (this.#guards.size >= this.#limit()) this.#letGo();
      guard = this.#looked.get(name) ?? this.#make(name);
      this.#looked.delete(name);
      this.#guards.set(name, guard);
    }
    guard.used = true;
    return guard;
  }

  /** For a look at its circuit, which counts as no call. */
  look(name: string): Guard {
    let guard = this.peek(name);
    if (guard === undefined) {
      const [oldest] = this.#looked.keys();
      if (oldest !== undefined && this.#looked.size >= this.#limit()) this.#forget(oldest);
      guard = this.#make(name);
      this.#looked.set(name, guard);
    }
    return guard;
  }

  peek(name: string): Guard | undefined {
    return this.#guards.get(name) ?? this.#looked.get(name);
  }

  /** Those that have been called. */
  called(): IterableIterator<string> {
    return this.#guards.keys();
  }

  *names(): IterableIterator<string> {
    yield* this.#guards.keys();
    yield* this.#looked.keys();
  }

  /** Removes those that nobody has called, and returns them. Their breakers are not retired. */
  takeLooked(): readonly Guard[] {
    const guards = [...this.#looked.values()];
    this.#looked.clear();
    return guards;
  }

  #forget(name: string): void {
    this.#looked.get(name)?.breaker.retire();
    this.#looked.delete(name);
  }

  #letGo(): void {
    let next: { name: string; guard: Guard; left: number } | undefined;
    let looks = 0;
    // A guard moved to the end gets its second chance; at the next look it is removed.
    for (const [name, guard] of this.#guards) {
      const closed = guard.breaker.admission.admitsAll && !guard.breaker.pending;
      if (closed && !guard.used) {
        this.#remove(name, guard);
        return;
      }
      guard.used = false;
      const left = closed ? -1 : guard.breaker.retryAfterMs;
      if (next === undefined || left < next.left) next = { name, guard, left };
      this.#guards.delete(name);
      this.#guards.set(name, guard);
      if (++looks === LOOKS) break;
    }
    if (next) this.#remove(next.name, next.guard);
  }

  #remove(name: string, guard: Guard): void {
    this.#guards.delete(name);
    guard.breaker.retire();
  }
}

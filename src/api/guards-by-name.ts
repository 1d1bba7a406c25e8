import type { Guard } from "../call/guard.js";

/** At most this many are examined to find one to remove; they then move to the end. */
const LOOKS = 64;

/**
 * The guards of many names. If there are too many, the least useful one is removed: first a closed one, where those
 * used since the last look get a second chance, then the one that would close next.
 */
export class GuardsByName {
  readonly #guards = new Map<string, Guard>();
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
      guard = this.#make(name);
      this.#guards.set(name, guard);
    }
    guard.used = true;
    return guard;
  }

  peek(name: string): Guard | undefined {
    return this.#guards.get(name);
  }

  names(): IterableIterator<string> {
    return this.#guards.keys();
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

import type { Guard } from "../call/guard.js";
import { wrap } from "../call/wrap.js";
import type { FailfastEventName, FailfastListener, Subscription } from "../events/events.js";
import { formatValue } from "../options/format-value.js";
import { type Circuit, type CircuitDecorator, makeCircuit } from "./circuit.js";
import { apply } from "./decorate.js";

/** The circuits that a function of a call's arguments names: one for each host, tenant or shard. */
export interface Circuits<A extends readonly unknown[] = readonly unknown[]> extends CircuitDecorator {
  /** The circuit of one name. */
  for(...args: A): Circuit;
  /** Listens to all of them. */
  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription;
}

/** What circuits need of their `failfast`. */
export interface NameSource {
  readonly returns: "promise" | "value" | undefined;
  /** How many are kept at a time. */
  limit(): number;
  make(name: string): Guard;
  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>, circuit?: string): Subscription;
}

/** So many are looked at for one to let go, and then moved behind the others. */
const LOOKS = 64;

/**
 * The guards of many names, the least useful let go when there are too many: closed ones first, by a second
 * chance for those used since the last look, then the one that would close next.
 */
export class GuardsByName {
  readonly #guards = new Map<string, Guard>();
  readonly #source: NameSource;

  constructor(source: NameSource) {
    this.#source = source;
  }

  get(name: string): Guard {
    let guard = this.#guards.get(name);
    if (guard === undefined) {
      if (this.#guards.size >= this.#source.limit()) this.#letGo();
      guard = this.#source.make(name);
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
    // One that is moved to the end for its second chance is met again, and then goes.
    for (const [name, guard] of this.#guards) {
      const closed = guard.breaker.term.passes && !guard.breaker.pending;
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

/** Makes the callable for circuits named by the arguments. */
export function makeCircuits<A extends readonly unknown[]>(
  nameOf: (...args: A) => string,
  source: NameSource,
  guards: GuardsByName,
): Circuits<A> {
  const nameFor = (args: ArrayLike<unknown>): string => {
    const name: unknown = Reflect.apply(nameOf, undefined, args);
    if (typeof name !== "string") {
      throw new TypeError(
        `the function that names the circuit answered ${formatValue(name)}; it takes a string`,
      );
    }
    return name;
  };
  const guarding = {
    returns: source.returns,
    fixed: false,
    guard: (args: ArrayLike<unknown>): Guard => guards.get(nameFor(args)),
  };
  const circuits = (...args: unknown[]): unknown => apply(args, (fn) => wrap(fn, guarding));
  return Object.assign(circuits, {
    for(...args: A): Circuit {
      const name = nameFor(args);
      return makeCircuit({
        name,
        returns: source.returns,
        fixed: false,
        guard: () => guards.get(name),
        breaker: () => guards.peek(name)?.breaker,
        on: (event, listener) => source.on(event, listener, name),
      });
    },
    on: (event: FailfastEventName, listener: FailfastListener<FailfastEventName>) =>
      source.on(event, listener),
  }) as unknown as Circuits<A>;
}

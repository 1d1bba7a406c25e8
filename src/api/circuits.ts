import type { Breaker } from "../breaker/breaker.js";
import type { Guard } from "../call/guard.js";
import { wrap } from "../call/wrap.js";
import type { FailfastEventName, FailfastListener, Subscription } from "../events/event-types.js";
import { formatValue } from "../options/format-value.js";
import type { CircuitUpdate } from "../options/options.js";
import { type Circuit, makeCircuit } from "./circuit.js";
import type { CircuitDecorator } from "./circuit-decorator.js";
import { apply } from "./decorate.js";
import type { GuardsByName } from "./guards-by-name.js";

/**
 * Circuits named by a function of a call's arguments: one for each host, tenant or shard.
 *
 * `A`: the arguments of that function. `T`: the `this` that it takes; methods it decorates must have the same.
 */
export interface Circuits<A extends readonly unknown[] = readonly unknown[], T = unknown, R = never>
  extends CircuitDecorator<R, T, A> {
  /** The circuit of one name. */
  for(...args: A): Circuit<R>;
  /** Listens to all of them. */
  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription;
}

/** What circuits named by arguments need from their `failfast`. */
export interface CircuitsOwner {
  readonly returns: "promise" | "value" | undefined;
  readonly guards: GuardsByName;
  /** The breaker of a name, if it is used here or the fleet knows it. */
  look(name: string): Breaker | undefined;
  update(name: string, options: CircuitUpdate): void;
  listen<E extends FailfastEventName>(event: E, listener: FailfastListener<E>, name?: string): Subscription;
}

/** Makes the function that serves as the handle of circuits named by arguments. */
export function makeCircuits<A extends readonly unknown[], T>(
  nameOf: (this: T, ...args: A) => string,
  owner: CircuitsOwner,
): Circuits<A, T> {
  const nameFor = (args: ArrayLike<unknown>, self: unknown): string => {
    const name: unknown = Reflect.apply(nameOf, self, args);
    if (typeof name !== "string") {
      throw new TypeError(
        `the function that names the circuit returned ${formatValue(name)}; it takes a string`,
      );
    }
    return name;
  };
  const guarding = {
    get returns(): "promise" | "value" | undefined {
      return owner.returns;
    },
    fixed: false,
    guard: (args: ArrayLike<unknown>, self: unknown): Guard => owner.guards.get(nameFor(args, self)),
  };
  const circuits = (...args: unknown[]): unknown => apply(args, (fn) => wrap(fn, guarding));
  return Object.assign(circuits, {
    for(...args: A): Circuit {
      return circuitNamed(nameFor(args, undefined), owner);
    },
    on: (event: FailfastEventName, listener: FailfastListener<FailfastEventName>) =>
      owner.listen(event, listener),
  }) as unknown as Circuits<A, T>;
}

/** The circuit with one of their names. */
export function circuitNamed(name: string, owner: CircuitsOwner): Circuit {
  const { guards } = owner;
  return makeCircuit({
    name,
    get returns() {
      return owner.returns;
    },
    fixed: false,
    get known() {
      return guards.peek(name) !== undefined;
    },
    guard: () => guards.get(name),
    breaker: () => owner.look(name),
    operated: () => guards.get(name).breaker,
    update: (options) => owner.update(name, options),
    on: (event, listener) => owner.listen(event, listener, name),
  });
}

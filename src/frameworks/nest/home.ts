import { Inject, Optional } from "@nestjs/common";
import { type Failfast, failfast as shared } from "../../index.js";
import { FAILFAST } from "./tokens.js";

/** The key under which an instance keeps the `failfast` that makes the circuits of its guarded methods. */
const HOME = Symbol.for("failfast.nest.home");

/** The `failfast` of each application that runs in this process now. */
const living = new Set<Failfast>();

/** An application starts. Code that Nest does not make (a static method, an object made with `new`) finds it here. */
export function cameAlive(failfast: Failfast): void {
  living.add(failfast);
}

export function passedAway(failfast: Failfast): void {
  living.delete(failfast);
}

/**
 * Makes Nest inject the module's `failfast` into every instance of the class, whatever its scope and application. An
 * accessor receives it, so that it is not a property that others would enumerate.
 */
export function moveIn(prototype: object): void {
  if (HOME in prototype) return;
  Object.defineProperty(prototype, HOME, {
    configurable: true,
    get: () => undefined,
    set(this: object, failfast: Failfast) {
      settle(this, failfast);
    },
  });
  Inject(FAILFAST)(prototype, HOME);
  Optional()(prototype, HOME);
}

/** Gives a `failfast` to an instance that Nest did not make, unless it has one. */
export function settle(instance: object, failfast: Failfast): void {
  if (instance[HOME as never] !== undefined || !Object.isExtensible(instance)) return;
  Object.defineProperty(instance, HOME, { value: failfast, configurable: true });
}

/** Its own; or else that of the only application; or else the shared one, as in a unit test without Nest. */
export function homeOf(instance: unknown): Failfast {
  const own = typeof instance === "object" && instance !== null ? instance[HOME as never] : undefined;
  if (own !== undefined) return own;
  if (living.size !== 1) return shared;
  const [only] = living;
  return only ?? shared;
}

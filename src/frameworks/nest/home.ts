import { Inject, Optional } from "@nestjs/common";
import { type Failfast, failfast as shared } from "../../index.js";
import { FAILFAST } from "./tokens.js";

/** Where an instance keeps the `failfast` that its guarded methods have their circuits of. */
const HOME = Symbol.for("failfast.nest.home");

/** Those of the applications that run in this process now. */
const living = new Set<Failfast>();

/** An application starts: what Nest does not make (a static method, an object of `new`) finds it here. */
export function cameAlive(failfast: Failfast): void {
  living.add(failfast);
}

export function passedAway(failfast: Failfast): void {
  living.delete(failfast);
}

/**
 * Has Nest inject the module's `failfast` into every instance of the class, in whichever scope and application it is
 * made. An accessor takes it in, so that it is no property that others would enumerate.
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

/** Gives a home to an instance that Nest did not make, unless it has one. */
export function settle(instance: object, failfast: Failfast): void {
  if (instance[HOME as never] !== undefined || !Object.isExtensible(instance)) return;
  Object.defineProperty(instance, HOME, { value: failfast, configurable: true });
}

/** Its own; or else that of the only application there is; or else the shared one, as in a unit test without Nest. */
export function homeOf(instance: unknown): Failfast {
  const own = typeof instance === "object" && instance !== null ? instance[HOME as never] : undefined;
  if (own !== undefined) return own;
  if (living.size !== 1) return shared;
  const [only] = living;
  return only ?? shared;
}

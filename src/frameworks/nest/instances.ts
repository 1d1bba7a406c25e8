import { Inject, Optional } from "@nestjs/common";
import { type Failfast, failfast as shared } from "../../index.js";
import { FAILFAST } from "./tokens.js";

/** The key under which an instance keeps the `failfast` that makes the circuits of its guarded methods. */
const OWN = Symbol.for("failfast.nest.home");

/** The `failfast` of each application that runs in this process now. */
const running = new Set<Failfast>();

/** An application starts. Code that Nest does not make (a static method, an object made with `new`) finds it here. */
export function register(failfast: Failfast): void {
  running.add(failfast);
}

/** An application has ended. */
export function unregister(failfast: Failfast): void {
  running.delete(failfast);
}

/**
 * Makes Nest inject the module's `failfast` into every instance of the class, whatever its scope and application. An
 * accessor receives it, so that it is not a property that others would enumerate.
 */
export function injectInto(prototype: object): void {
  if (OWN in prototype) return;
  Object.defineProperty(prototype, OWN, {
    configurable: true,
    get: () => undefined,
    set(this: object, failfast: Failfast) {
      assignFailfast(this, failfast);
    },
  });
  Inject(FAILFAST)(prototype, OWN);
  Optional()(prototype, OWN);
}

/** Gives a `failfast` to an instance that Nest did not make, unless it has one. */
export function assignFailfast(instance: object, failfast: Failfast): void {
  if (instance[OWN as never] !== undefined || !Object.isExtensible(instance)) return;
  Object.defineProperty(instance, OWN, { value: failfast, configurable: true });
}

/**
 * The `failfast` of an instance: its own; or else that of the only application; or else the shared one, as in a unit test
 * without Nest.
 */
export function failfastOf(instance: unknown): Failfast {
  const own = typeof instance === "object" && instance !== null ? instance[OWN as never] : undefined;
  if (own !== undefined) return own;
  if (running.size !== 1) return shared;
  const [only] = running;
  return only ?? shared;
}

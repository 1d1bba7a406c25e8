import { apply } from "../../api/decorate.js";
import type { CircuitDecorator, Failfast as CoreFailfast, Duration, FailfastOptions } from "../../index.js";
import { checkCallable } from "../../options/check-options.js";
import { Declaration, declare } from "./declaration.js";
import { injectInto } from "./instances.js";

/** The module's own `failfast`, as `@InjectFailfast()` gives it. */
export interface Failfast extends CoreFailfast {}

/**
 * Guards a method of a controller, or of anything else that Nest injects, by a circuit of the module's own `failfast`.
 * The store, the time and the options come from `FailfastModule.forRoot` unless they are given here. The circuits are
 * made when the application starts, and mistakes in them are thrown then.
 *
 * If Nest did not make the object, the method uses the only application in the process or, if there is none, the shared
 * `failfast`.
 *
 * @param name the circuit's name, or a function of the method's arguments that names it.
 * @param timeout how long it stays open. Default: what `forRoot` or another place with that name says.
 */
export function Failfast(name: string, timeout?: Duration, options?: FailfastOptions): CircuitDecorator;
export function Failfast<A extends readonly unknown[]>(
  nameOf: (...args: A) => string,
  timeout?: Duration,
  options?: FailfastOptions,
): CircuitDecorator<never, unknown, A>;
export function Failfast(
  name: string | ((...args: never[]) => string),
  timeout?: Duration,
  options?: FailfastOptions,
): CircuitDecorator {
  if (typeof name !== "string")
    checkCallable(
      name,
      "@Failfast takes a circuit's name, or a function of the method's arguments that gives it",
    );
  const declaration = new Declaration(name, timeout, options);
  const decorate = (...args: readonly unknown[]): unknown => {
    const [target, key] = args;
    const guarded = apply(args, (method) => declaration.wrap(method));
    // A static method's target is its class, and Nest injects nothing into a class.
    if ((typeof key === "string" || typeof key === "symbol") && typeof target === "object" && target) {
      declare(target, declaration);
      injectInto(target);
    }
    return guarded;
  };
  return decorate as unknown as CircuitDecorator;
}

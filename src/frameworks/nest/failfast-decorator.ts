import { apply } from "../../api/decorate.js";
import type { CircuitDecorator, Failfast as CoreFailfast, Duration, FailfastOptions } from "../../index.js";
import { Declaration, declare } from "./declaration.js";
import { moveIn } from "./home.js";

/** The module's own `failfast`, as `@InjectFailfast()` gives it. */
export interface Failfast extends CoreFailfast {}

/**
 * Guards a method of anything that Nest injects, or of a controller, by a circuit of the module's own `failfast`: the
 * store, the time and the options given to `FailfastModule.forRoot` hold where this says nothing. The circuits are made,
 * and what is wrong with them is thrown, when the application starts.
 *
 * The same method of an object that Nest has not made uses the only application of the process, or, where there is
 * none, by the shared `failfast`.
 *
 * @param name the circuit's name, or a function of the method's arguments that names it.
 * @param timeout how long it stays open. Default: what `forRoot` or another place with that name says.
 */
export function Failfast(name: string, timeout?: Duration, options?: FailfastOptions): CircuitDecorator;
export function Failfast<A extends readonly unknown[]>(
  nameOf: (...args: A) => string,
  timeout?: Duration,
  options?: FailfastOptions,
): CircuitDecorator;
export function Failfast(
  name: string | ((...args: never[]) => string),
  timeout?: Duration,
  options?: FailfastOptions,
): CircuitDecorator {
  const declaration = new Declaration(name, timeout, options);
  const decorate = (...args: readonly unknown[]): unknown => {
    const [target, key] = args;
    const guarded = apply(args, (method) => declaration.wrap(method));
    // A static method's target is its class, which Nest injects nothing into.
    if ((typeof key === "string" || typeof key === "symbol") && typeof target === "object" && target) {
      declare(target, declaration);
      moveIn(target);
    }
    return guarded;
  };
  return decorate as unknown as CircuitDecorator;
}

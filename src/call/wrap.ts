import { isThenable } from "../replica/within.js";
import type { Guard, Kind } from "./guard.js";

export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Finds the guard of a call: always the same one, or by the call's arguments. */
export type FindGuard = (args: ArrayLike<unknown>) => Guard;

/**
 * A function that goes through the circuit before it goes to `fn`, with the same `this`, arguments, name and
 * length. Sync stays sync and async stays async.
 *
 * @throws {TypeError} what is no function, and generator functions.
 */
export function wrap(fn: AnyFunction, find: FindGuard, returns: Kind): AnyFunction {
  checkFunction(fn);
  const declared = returns ?? kindOf(fn);
  let seen = declared;
  const guarded = function (this: unknown): unknown {
    // A rest parameter would allocate an array for each call.
    const args = arguments;
    const guard = find(args);
    if (guard.open && guard.onFailure !== undefined) {
      let result: unknown;
      try {
        result = fn.apply(this, args as unknown as unknown[]);
      } catch (error) {
        return guard.onFailure(error);
      }
      if (result instanceof Promise) {
        seen = "promise";
        return result.then(guard.onSuccess, guard.onFailure);
      }
      if (isThenable(result)) {
        seen = "promise";
        return Promise.resolve(result).then(guard.onSuccess, guard.onFailure);
      }
      if (declared === undefined) seen = "value";
      return guard.onSuccess === undefined ? result : guard.onSuccess(result);
    }
    const result = guard.call(fn, this, args, seen);
    if (declared === undefined) seen = isThenable(result) ? "promise" : "value";
    return result;
  };
  return dressed(guarded, fn);
}

/** The name, length and metadata of the original, so that a wrapped function passes for it. */
function dressed(guarded: AnyFunction, fn: AnyFunction): AnyFunction {
  Object.defineProperty(guarded, "name", { value: fn.name, configurable: true });
  Object.defineProperty(guarded, "length", { value: fn.length, configurable: true });
  return guarded;
}

/** @throws {TypeError} what can't be guarded, with what to do instead. */
export function checkFunction(fn: unknown): asserts fn is AnyFunction {
  if (typeof fn !== "function")
    throw new TypeError(`a circuit wraps a function; this is ${fn === null ? "null" : typeof fn}`);
  const tag = Object.prototype.toString.call(fn);
  if (tag === "[object GeneratorFunction]" || tag === "[object AsyncGeneratorFunction]") {
    throw new TypeError(
      `"${fn.name}" is a generator function, which fails only while it is read: guard the function that gives each item, or one that returns a promise of them all`,
    );
  }
  if (/^class\b/.test(Function.prototype.toString.call(fn))) {
    throw new TypeError(`"${fn.name}" is a class: guard its methods, one by one`);
  }
}

function kindOf(fn: AnyFunction): Kind {
  return Object.prototype.toString.call(fn) === "[object AsyncFunction]" ? "promise" : undefined;
}

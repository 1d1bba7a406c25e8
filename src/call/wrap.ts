import { isClass } from "../options/format-value.js";
import { isThenable } from "../sync/with-deadline.js";
import { ArgumentSignals, mayHoldSignal } from "./argument-signals.js";
import type { Guard } from "./guard.js";
import { attachHandlers, type Kind } from "./handlers.js";
import { generatorRefused, isGenerator } from "./lazy-result.js";

export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Where a wrapped function gets its guard. */
export interface Guarding {
  /** By the call's arguments, or the same one for all arguments. */
  guard(args: ArrayLike<unknown>, self: unknown): Guard;
  /** It is always the same guard, and not one of many that may be removed. */
  readonly fixed: boolean;
  readonly returns: Kind;
}

/**
 * A function that goes through the circuit and then calls `fn`, with the same `this`, arguments, name and length. Sync
 * stays sync and async stays async.
 *
 * @throws {TypeError} anything that is not a function, and generator functions.
 */
export function wrap(fn: AnyFunction, guarding: Guarding): AnyFunction {
  checkFunction(fn);
  const kind = kindOf(fn);
  let declared = kind;
  let called = false;
  let seen = declared;
  let fixed: Guard | undefined;
  const guarded = function (this: unknown): unknown {
    // A rest parameter would allocate an array for each call.
    const args = arguments;
    let guard = fixed;
    if (guard === undefined) {
      try {
        guard = guarding.guard(args, this);
      } catch (error) {
        if (seen === "promise") return Promise.reject(error);
        throw error;
      }
      if (!called) {
        // Defaults may be given until the first call, whose result the slow path looks at.
        called = true;
        declared = guarding.returns ?? kind;
        seen = declared;
        if (guarding.fixed) fixed = guard;
        const result = guard.call(fn, this, args, seen, signalsOf(args));
        if (declared === undefined) seen = kindOfResult(result);
        return result;
      }
    }
    let signal: ArgumentSignals | undefined;
    // The usual case: one argument that is not an object.
    let n = args.length;
    while (n > 0) {
      if (typeof args[--n] === "object" && mayHoldSignal(args[n])) signal = new ArgumentSignals(args);
    }
    const handlers = guard.fastHandlers(seen);
    if (handlers !== undefined) {
      // Read before the call, which may change it: a result counts only under the admission that its call had.
      const { onSuccess } = handlers;
      const onFailure = signal === undefined ? handlers.onFailure : handlers.failing(signal);
      let result: unknown;
      try {
        result = fn.apply(this, args as unknown as unknown[]);
      } catch (error) {
        return onFailure(error);
      }
      if (declared !== undefined) return attachHandlers(result, onSuccess, onFailure);
      if (isThenable(result)) {
        seen = "promise";
        return attachHandlers(result, onSuccess, onFailure);
      }
      seen = "value";
      return onSuccess === undefined ? result : onSuccess(result);
    }
    if (guarding.fixed) fixed = guard;
    const result = guard.call(fn, this, args, seen, signal);
    if (declared === undefined) seen = kindOfResult(result);
    return result;
  };
  return copyFunctionProperties(guarded, fn);
}

/** Copies name, length and metadata, so that the wrapped function looks like the original. */
function copyFunctionProperties(guarded: AnyFunction, fn: AnyFunction): AnyFunction {
  Object.defineProperty(guarded, "name", { value: fn.name, configurable: true });
  Object.defineProperty(guarded, "length", { value: fn.length, configurable: true });
  return guarded;
}

/** @throws {TypeError} a function that can't be guarded; the message says what to do instead. */
export function checkFunction(fn: unknown): asserts fn is AnyFunction {
  if (typeof fn !== "function")
    throw new TypeError(`a circuit wraps a function; this is ${fn === null ? "null" : typeof fn}`);
  if (isGenerator(fn)) throw generatorRefused(fn);
  if (isClass(fn)) {
    throw new TypeError(`"${fn.name}" is a class: guard its methods, one by one`);
  }
}

const kindOfResult = (result: unknown): Kind => (isThenable(result) ? "promise" : "value");

const signalsOf = (args: ArrayLike<unknown>): ArgumentSignals | undefined =>
  Array.from(args).some((arg) => typeof arg === "object" && mayHoldSignal(arg))
    ? new ArgumentSignals(args)
    : undefined;

function kindOf(fn: AnyFunction): Kind {
  return Object.prototype.toString.call(fn) === "[object AsyncFunction]" ? "promise" : undefined;
}

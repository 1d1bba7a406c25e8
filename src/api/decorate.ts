import { type AnyFunction, checkFunction } from "../call/wrap.js";
import { formatValue } from "../options/format-value.js";

interface MetadataReflection {
  getOwnMetadataKeys?(target: object): unknown[];
  getOwnMetadata?(key: unknown, target: object): unknown;
  defineMetadata?(key: unknown, value: unknown, target: object): void;
}

/**
 * Applies a circuit in one of three ways: around a function, as a standard (TC39) method decorator, or as a legacy
 * (`experimentalDecorators`) one. Only the second argument tells which of them is meant.
 *
 * @throws {TypeError} anything that can't be guarded: a class, a field, a getter or setter, a generator.
 */
export function apply(args: readonly unknown[], wrap: (fn: AnyFunction) => AnyFunction): unknown {
  const [target, second, descriptor] = args;
  if (typeof second === "object" && second !== null && "kind" in second)
    return standard(target, second, wrap);
  if (typeof second === "string" || typeof second === "symbol") return legacy(second, descriptor, wrap);
  if (second !== undefined) {
    throw new TypeError(
      `a circuit wraps one function, or decorates a method; its second argument is ${formatValue(second)}`,
    );
  }
  checkFunction(target);
  return wrap(target);
}

function standard(
  value: unknown,
  context: { kind?: unknown; name?: unknown },
  wrap: (fn: AnyFunction) => AnyFunction,
): AnyFunction {
  if (context.kind !== "method") refuse(String(context.kind), context.name);
  checkFunction(value);
  return withMetadata(value, wrap(value));
}

function legacy(
  key: string | symbol,
  descriptor: unknown,
  wrap: (fn: AnyFunction) => AnyFunction,
): PropertyDescriptor {
  const described = descriptor as PropertyDescriptor | undefined;
  if (described === undefined) refuse("field", key);
  if (typeof described.value !== "function") refuse(described.get || described.set ? "getter" : "field", key);
  const method = described.value as AnyFunction;
  checkFunction(method);
  return { ...described, value: withMetadata(method, wrap(method)) };
}

function refuse(kind: string, name: unknown): never {
  throw new TypeError(
    `a circuit decorates methods; "${String(name)}" is a ${kind}: put what it does into a method`,
  );
}

/** Keeps the reflect-metadata of frameworks on the method, in whatever order decorators are applied. */
function withMetadata(method: AnyFunction, guarded: AnyFunction): AnyFunction {
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } = Reflect as MetadataReflection;
  for (const key of getOwnMetadataKeys?.(method) ?? []) {
    defineMetadata?.(key, getOwnMetadata?.(key, method), guarded);
  }
  return guarded;
}

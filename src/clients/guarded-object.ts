/**
 * The object itself, with some fields replaced. Its methods run on the object itself, since it may have private fields.
 *
 * @param replace returns what replaces the field, or `undefined` to keep it. It is asked again only when the field has
 *   another value, so that a field stays the same object. It isn't asked for a field of the object's own that can never
 *   change, as a frozen object has: a proxy has to return its value.
 */
export function guardedObject<T extends object>(
  object: T,
  replace: (key: PropertyKey, value: unknown) => unknown,
): T {
  const replaced = new Map<PropertyKey, { readonly value: unknown; readonly by: unknown }>();
  return new Proxy(object, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (isFixed(target, key)) return value;
      const known = replaced.get(key);
      if (known !== undefined && known.value === value) return known.by;
      const by = replace(key, value) ?? (isMethod(target, key, value) ? value.bind(target) : value);
      if (by !== value) replaced.set(key, { value, by });
      return by;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

function isFixed(target: object, key: PropertyKey): boolean {
  const own = Reflect.getOwnPropertyDescriptor(target, key);
  return own !== undefined && own.configurable === false && own.writable !== true && own.get === undefined;
}

/** An own function property is not a method: it may have fields, which a bound function would lose. */
const isMethod = (
  target: object,
  key: PropertyKey,
  value: unknown,
): value is (...args: unknown[]) => unknown =>
  typeof value === "function" && key !== "constructor" && !Object.hasOwn(target, key);

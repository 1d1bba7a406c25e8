/**
 * The object itself, with some fields replaced. Its methods run on the object itself, since it may have private fields.
 *
 * @param replace returns what replaces the field, or `undefined` to keep it. It is asked again only when the field has
 *   another value, so that a field stays the same object. If the object is frozen later, it isn't asked for the object's
 *   own fields any more: a proxy has to return the values that can never change.
 */
export function guardedObject<T extends object>(
  object: T,
  replace: (key: PropertyKey, value: unknown) => unknown,
): T {
  const replaced = new Map<PropertyKey, { readonly value: unknown; readonly by: unknown }>();
  return new Proxy(Object.isFrozen(object) ? thawed(object) : object, {
    get(target, key) {
      const value: unknown = Reflect.get(object, key, object);
      if (isFixed(target, key)) return value;
      const known = replaced.get(key);
      if (known !== undefined && known.value === value) return known.by;
      const by = replace(key, value) ?? (isMethod(object, key, value) ? value.bind(object) : value);
      if (by !== value) replaced.set(key, { value, by });
      return by;
    },
    set: (_, key, value) => Reflect.set(object, key, value, object),
  });
}

/** A copy whose fields a proxy may replace. */
function thawed<T extends object>(frozen: T): T {
  const fields = Object.getOwnPropertyDescriptors(frozen) as Record<string, PropertyDescriptor>;
  for (const key of Reflect.ownKeys(fields))
    (fields[key as string] as PropertyDescriptor).configurable = true;
  return Object.create(Object.getPrototypeOf(frozen), fields);
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

/**
 * The object itself, with some methods replaced. Its other methods run on the object itself, since it may have private
 * fields.
 */
export function guardedObject<C extends object>(object: C, methods: ReadonlyMap<PropertyKey, unknown>): C {
  const bound = new WeakMap<object, unknown>();
  return new Proxy(object, {
    get(target, key) {
      const method = methods.get(key);
      if (method !== undefined) return method;
      const value: unknown = Reflect.get(target, key, target);
      // An own function property is not a method: it may be callable and have fields, which a bound function would
      // lose.
      if (typeof value !== "function" || key === "constructor" || Object.hasOwn(target, key)) return value;
      if (!bound.has(value)) bound.set(value, value.bind(target));
      return bound.get(value);
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

/** The object itself, with other methods in place of some; its own run on itself, since some have private fields. */
export function guardedObject<C extends object>(object: C, methods: ReadonlyMap<PropertyKey, unknown>): C {
  const bound = new WeakMap<object, unknown>();
  return new Proxy(object, {
    get(target, key) {
      const method = methods.get(key);
      if (method !== undefined) return method;
      const value: unknown = Reflect.get(target, key, target);
      // A function of its own is no method: a schema that can be called, say, with fields that a bound one has not.
      if (typeof value !== "function" || key === "constructor" || Object.hasOwn(target, key)) return value;
      if (!bound.has(value)) bound.set(value, value.bind(target));
      return bound.get(value);
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

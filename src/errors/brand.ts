type AnyClass = abstract new (...args: never[]) => unknown;

const markOf = (name: string): symbol => Symbol.for(`failfast.${name}`);

/**
 * Marks the class, so that `instanceof` also works for errors of another copy of this package: a process may load
 * several copies, which share their circuits. Subclasses work as usual.
 */
export function brand(errorClass: AnyClass, name: string): void {
  const mark = markOf(name);
  Object.defineProperty(errorClass.prototype, mark, { value: true });
  Object.defineProperty(errorClass, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== errorClass) return Function.prototype[Symbol.hasInstance].call(this, value);
      return typeof value === "object" && value !== null && mark in value;
    },
  });
}

/** Whether its class has that name, in this copy of the package or in another. */
export function isBranded(errorClass: AnyClass, name: string): boolean {
  return Object.hasOwn(Object(errorClass.prototype), markOf(name));
}

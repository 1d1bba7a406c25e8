import { VERSION } from "../runtime/version.js";
import { createFailfast, type Failfast } from "./failfast.js";

const SHARED: unique symbol = Symbol.for(`failfast/${VERSION}`) as never;

/**
 * The one `failfast` of this version in the process. A package is loaded more than once where both ES modules and
 * CommonJS ask for it, and where a framework bundles it into several graphs of modules; all copies of one version have
 * the same defaults, circuits and listeners. Two versions have one each.
 */
export function sharedFailfast(): Failfast {
  const known = (globalThis as { [SHARED]?: Failfast })[SHARED];
  if (known !== undefined) return known;
  const failfast = createFailfast();
  // Nothing is shared where the globals are frozen.
  Reflect.defineProperty(globalThis, SHARED, { value: failfast, configurable: true });
  return failfast;
}

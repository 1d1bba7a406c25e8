import { VERSION } from "../runtime/version.js";
import { createFailfast, type Failfast } from "./failfast.js";

const SHARED: unique symbol = Symbol.for(`failfast/${VERSION}`) as never;

/**
 * The one `failfast` of this version in the process. A package is loaded more than once if both ES modules and CommonJS
 * ask for it, or if a framework bundles it into several module graphs. All copies of one version share defaults,
 * circuits and listeners. Different versions have one each.
 */
export function sharedFailfast(): Failfast {
  const known = (globalThis as { [SHARED]?: Failfast })[SHARED];
  if (known !== undefined) return known;
  const failfast = createFailfast();
  // Nothing is shared if the global object is frozen.
  Reflect.defineProperty(globalThis, SHARED, { value: failfast, configurable: true });
  return failfast;
}

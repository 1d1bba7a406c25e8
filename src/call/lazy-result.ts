import { kindOf } from "../options/format-value.js";
import { warn } from "../runtime/platform.js";

const warned = new Set<string>();
/** So many circuits are warned of. */
const MOST = 20;

/**
 * Warns, once for each circuit, of a returned value that has done nothing yet: an async iterator, such as a generator,
 * or an Observable. It fails only when it is read, and the call has counted as a success by then.
 */
export function warnIfLazy(result: unknown, circuit: string): void {
  const kind = kindOfLazy(result);
  if (kind === undefined || warned.has(circuit) || warned.size === MOST) return;
  warned.add(circuit);
  const instead =
    kind === "an Observable"
      ? "Return a promise, as firstValueFrom(observable)"
      : "Use circuit.stream(() => …)";
  warn(
    "FAILFAST_RESULT",
    `a function guarded by the circuit ${JSON.stringify(circuit)} returned ${kind}, which does its work only when it is read: its failures don't count. ${instead}`,
  );
}

function kindOfLazy(result: unknown): string | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  try {
    const { next, subscribe, pipe } = result as Readonly<Record<string, unknown>>;
    const advances = typeof next === "function";
    const subscribes = typeof subscribe === "function";
    // A Subject has both, and so has a proxy that answers every property with a function.
    if (advances && subscribes) return undefined;
    if (advances) return Symbol.asyncIterator in result ? "an async iterator" : undefined;
    return subscribes && typeof pipe === "function" ? "an Observable" : undefined;
  } catch {
    // A proxy or a getter that throws.
    return undefined;
  }
}

/** A generator function has done nothing yet when it returns. */
export const isGenerator = (fn: unknown): fn is (...args: never[]) => unknown =>
  /^(Async)?GeneratorFunction$/.test(kindOf(fn));

export const generatorRefused = ({ name }: { readonly name: string }): TypeError =>
  new TypeError(
    `"${name}" is a generator function, which fails only while it is read: give it to circuit.stream() if it is asynchronous, or guard the function that gives each item, or one that returns a promise of them all`,
  );

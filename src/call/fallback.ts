import { isFailfastError } from "../errors/failfast-error.js";
import type { CallPolicy, Verdict } from "./call-policy.js";
import type { Kind } from "./handlers.js";

type Fallback = NonNullable<CallPolicy["fallback"]>;

/** A call that the fallback answers for if it fails. `undefined`: it doesn't. */
export type Covered = { readonly self: unknown; readonly args: ArrayLike<unknown> } | undefined;

/** The fallback's answer to a call that was rejected, in the way in which its function answers. */
export function fallBack(
  fallback: Fallback,
  error: Error,
  self: unknown,
  args: ArrayLike<unknown>,
  kind: Kind,
): unknown {
  if (kind !== "promise") return fallback.call(self, error, ...Array.from(args));
  return new Promise((resolve) => resolve(fallback.call(self, error, ...Array.from(args))));
}

/** How a call that threw ends: with its own error, or with the fallback's answer. */
export function throwOrFallBack(
  fallback: Fallback | undefined,
  error: unknown,
  verdict: Verdict,
  covered: Covered,
): unknown {
  if (covered === undefined || (verdict !== "failure" && !isFailfastError(error))) throw error;
  return fallback?.call(covered.self, error, ...Array.from(covered.args));
}

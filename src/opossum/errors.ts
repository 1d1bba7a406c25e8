import { FailfastError } from "../errors/failfast-error.js";

const OURS = Symbol.for("failfast.opossum.error");

/** The values of opossum's `code`. */
export type BreakerErrorCode = "EOPENBREAKER" | "ETIMEDOUT" | "ESEMLOCKED" | "ESHUTDOWN";

/**
 * An error of the breaker itself. Errors of an overload have the fields that web frameworks answer with, as failfast's
 * own do.
 */
export function breakerError(message: string, code: BreakerErrorCode, more: object = {}): Error {
  return Object.assign(new Error(message), { code, [OURS]: true }, more);
}

/** A rejection, in opossum's words. `cause` is the `FailfastError`. */
export function openError(cause: unknown): Error {
  const answer =
    cause instanceof FailfastError
      ? {
          status: cause.status,
          statusCode: cause.statusCode,
          headers: cause.headers,
          retryAfter: cause.retryAfter,
        }
      : {};
  const error = breakerError("Breaker is open", "EOPENBREAKER", answer);
  return Object.defineProperty(error, "cause", { value: cause, configurable: true, writable: true });
}

/** Whether the breaker made it, and not the action. */
export const isOurError = (error: unknown): boolean =>
  typeof error === "object" && error !== null && OURS in error;

import { isFailfastError } from "../../index.js";

/** The status of an `HttpException`, whichever copy of Nest it is of. */
export function statusOf(error: unknown): number | undefined {
  const { getStatus } = (error ?? {}) as { getStatus?: unknown };
  return error instanceof Error && typeof getStatus === "function"
    ? Number(getStatus.call(error))
    : undefined;
}

/**
 * What counts as a failure by default: every error but another circuit's
 * rejection, and an `HttpException` below 500, which says that the caller was wrong and not that the backend is down.
 */
export function isFailure(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined && status < 500) return false;
  return !isFailfastError(error);
}

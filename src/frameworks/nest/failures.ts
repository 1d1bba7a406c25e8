import { isRejectionAlone } from "../../errors/failfast-error.js";

/** The status of an `HttpException`, from whichever copy of Nest. */
export function statusOf(error: unknown): number | undefined {
  const { getStatus } = (error ?? {}) as { getStatus?: unknown };
  return error instanceof Error && typeof getStatus === "function"
    ? Number(getStatus.call(error))
    : undefined;
}

/**
 * What counts as a failure by default: every error except another circuit's rejection, and an `HttpException` below
 * 500. That one says that the caller was wrong, and not that the backend is down.
 */
export function isFailure(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined && status < 500) return false;
  return !isRejectionAlone(error);
}

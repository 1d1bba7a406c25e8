import { HttpException } from "@nestjs/common";
import { isFailfastError } from "../../index.js";

/**
 * What counts as a failure where nothing else is said: every error but a caller's own abort, another circuit's
 * rejection, and an `HttpException` below 500, which says that the caller was wrong and not that the backend is down.
 */
export function isFailure(error: unknown): boolean {
  if (error instanceof HttpException && error.getStatus() < 500) return false;
  return (error as { name?: unknown } | null | undefined)?.name !== "AbortError" && !isFailfastError(error);
}

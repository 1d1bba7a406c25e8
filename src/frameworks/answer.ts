import type { FailfastError } from "../errors/failfast-error.js";
import { problemOf } from "../errors/http-answer.js";
import { TimeoutError } from "../errors/timeout-error.js";

/** What a guard answers with in place of the route. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** 503 with `Retry-After` for a rejection, 504 for a deadline that passed, and a problem document (RFC 9457). */
export function answerTo(error: FailfastError | TimeoutError): Answer {
  return {
    status: error.status,
    headers: {
      ...(error instanceof TimeoutError ? {} : error.headers),
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
    },
    body: JSON.stringify(problemOf(error)),
  };
}

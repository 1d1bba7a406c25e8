import { type FailfastError, problemOf } from "../errors/failfast-error.js";
import { TimeoutError } from "../errors/timeout-error.js";

/** What a guard answers with in place of the route. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** 503, with `Retry-After` and a problem document (RFC 9457), for a rejection and for a deadline that passed. */
export function answerTo(error: FailfastError | TimeoutError): Answer {
  const late = error instanceof TimeoutError;
  return {
    status: 503,
    headers: {
      ...(late ? {} : error.headers),
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
    },
    body: JSON.stringify(late ? LATE : problemOf(error)),
  };
}

const LATE = {
  type: "about:blank",
  title: "Service Unavailable",
  status: 503,
  detail: "the answer took too long",
};

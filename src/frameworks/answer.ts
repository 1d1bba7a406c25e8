import type { FailfastError } from "../surface/failfast-error.js";
import { TimeoutError } from "../surface/timeout-error.js";

/** What a guard answers with in place of the route. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** 503, with `Retry-After` and a problem document (RFC 9457), for a rejection and for a deadline that passed. */
export function answerTo(error: FailfastError | TimeoutError): Answer {
  const rejection = error instanceof TimeoutError ? undefined : error;
  const problem = {
    type: "about:blank",
    title: "Service Unavailable",
    status: 503,
    detail: rejection?.message ?? "the answer took too long",
    ...(rejection && { circuit: rejection.circuit, retryAfter: rejection.retryAfter }),
  };
  return {
    status: 503,
    headers: {
      ...rejection?.headers,
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
    },
    body: JSON.stringify(problem),
  };
}

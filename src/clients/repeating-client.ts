import type { FailfastError } from "../errors/failfast-error.js";
import type { HeadersLike } from "./request.js";

/** Which attempt it is: by this header clients of Stainless's make (openai, Anthropic, and many more) are known. */
const ATTEMPT = "x-stainless-retry-count";

/** Whether it comes of a client that repeats whatever its `fetch` throws. */
export const repeatsErrors = (headers: HeadersLike): boolean => headers.get(ATTEMPT) !== null;

/**
 * The rejection, for a client that repeats whatever its `fetch` throws: an answer that throws it where its headers are
 * read. These clients do so first, and outside of their retries, so that it reaches their caller at once, as it is.
 */
export function answerThatThrows(error: FailfastError): unknown {
  return Object.defineProperty(error.toResponse(), "headers", {
    get() {
      throw error;
    },
  });
}

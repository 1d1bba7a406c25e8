import { brand } from "./brand.js";

/**
 * A call took too long. Throw it from your own code, or list it in `exceptions`: in such a list it also
 * stands for every other error named `TimeoutError`, as `AbortSignal.timeout()` gives.
 */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly code = "ERR_FAILFAST_TIMEOUT";

  constructor(message = "the call took too long", options?: { cause?: unknown }) {
    super(message, options);
  }
}

brand(TimeoutError, "TimeoutError");

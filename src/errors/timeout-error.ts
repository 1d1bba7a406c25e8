import { brand } from "./brand.js";
import { derive, responseOf, type WebResponse } from "./http-answer.js";

/**
 * A call took too long. Throw it from your own code, or list it in `exceptions`: in such a list it also
 * stands for every other error named `TimeoutError`, as `AbortSignal.timeout()` gives.
 *
 * Web frameworks answer it with 504 by themselves, as they answer a rejection with 503.
 */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly code = "ERR_FAILFAST_TIMEOUT";
  /**
   * What took too long: the whole `"call"`, the `"first-item"` of a stream, both by `callTimeout`, or the `"next-item"`, by
   * `idleTimeout`.
   */
  readonly waitedFor: "call" | "first-item" | "next-item";

  /** The HTTP status that frameworks answer with: 504. */
  declare status: number;
  declare statusCode: number;
  /** Frameworks that hide messages of server errors may show this one. */
  declare expose: boolean;
  /** What GraphQL servers read. */
  declare extensions: Record<string, unknown>;

  constructor(
    message = "the call took too long",
    options?: { cause?: unknown; waitedFor?: TimeoutError["waitedFor"] },
  ) {
    super(message, options);
    this.waitedFor = options?.waitedFor ?? "call";
  }

  /** The answer to a web request: 504 and a problem document (RFC 9457). */
  toResponse(): WebResponse {
    return responseOf(this);
  }

  /** The same, under the name that Hono looks for. */
  getResponse(): WebResponse {
    return this.toResponse();
  }
}

derive(TimeoutError.prototype, {
  status: () => 504,
  statusCode: () => 504,
  expose: () => true,
  extensions: ({ code, status }) => ({ code, http: { status } }),
});

brand(TimeoutError, "TimeoutError");

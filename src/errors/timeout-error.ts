import { brand } from "./brand.js";
import { derive, responseOf, type WebResponse } from "./http-answer.js";

/**
 * A call took too long. Throw it from your own code, or list it in `exceptions`. In such a list it also matches every
 * other error named `TimeoutError`, such as that of `AbortSignal.timeout()`.
 *
 * Web frameworks answer it with 504 without further code, as they answer a rejection with 503.
 */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly code = "ERR_FAILFAST_TIMEOUT";
  /**
   * What took too long: the whole `"call"` or the `"first-item"` of a stream (both by `callTimeout`), or the
   * `"next-item"` (by `idleTimeout`).
   */
  readonly waitedFor: "call" | "first-item" | "next-item";

  /** The HTTP status with which frameworks answer: 504. */
  declare status: number;
  /** The same, for frameworks that read this name. */
  declare statusCode: number;
  /** Frameworks that hide messages of server errors may show this one. */
  declare expose: boolean;
  /** For GraphQL servers. */
  declare extensions: Record<string, unknown>;

  constructor(
    message = "the call took too long",
    options?: { cause?: unknown; waitedFor?: TimeoutError["waitedFor"] },
  ) {
    super(message, options);
    this.waitedFor = options?.waitedFor ?? "call";
  }

  /** What loggers and `process.send` make of it. A structured clone keeps only the message, the stack and the cause. */
  toJSON(): object {
    const { name, code, message, waitedFor, status } = this;
    return { name, code, message, waitedFor, status };
  }

  /** The answer to a web request: 504 and a problem document (RFC 9457). */
  toResponse(): WebResponse {
    return responseOf(this);
  }

  /** The same, under the name that Hono uses. */
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

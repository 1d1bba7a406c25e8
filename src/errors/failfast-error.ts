import type { CircuitState } from "../events/circuit-state.js";
import { brand } from "./brand.js";
import { type Cause, walkCauses } from "./causes.js";
import { derive, responseOf, type WebResponse } from "./http-answer.js";
import { wholeSeconds } from "./seconds.js";

const OPEN_CODE = "ERR_FAILFAST_OPEN";

export interface FailfastErrorFields {
  /** The name of the circuit that rejected the call. */
  readonly circuit: string;
  readonly state: CircuitState;
  /** Set when an operator holds the circuit. */
  readonly held?: "open" | "closed" | undefined;
  /** Milliseconds until the circuit may be called again. */
  readonly retryAfterMs: number;
  /** The failure that opened the circuit, where this process saw it. */
  readonly cause?: unknown;
}

/**
 * What a call is rejected with while its circuit is open: the protected function was not called.
 *
 * It carries what web frameworks look for on an error, so that one thrown in a handler is answered with
 * 503 and `Retry-After` without any glue. Every field can be assigned. It has no stack trace unless the circuit's
 * `stackTraces` is on: thousands of rejections a second must stay cheap.
 */
export class FailfastError extends Error {
  declare name: "FailfastError";
  /** Stable: tells it from other errors. See {@link isFailfastError}. */
  declare code: "ERR_FAILFAST_OPEN";
  /** The name of the circuit that rejected the call. */
  declare circuit: string;
  declare state: CircuitState;
  /** `"open"` when an operator holds the circuit open. */
  declare held?: "open" | "closed" | undefined;
  /** Set where listeners get it from a circuit in `mode: "shadow"`: the call was made all the same. */
  declare shadow?: true;
  /** Milliseconds until the circuit may be called again. */
  declare retryAfterMs: number;
  /** Whole seconds until the circuit may be called again, rounded up, at least 1: what `Retry-After` says. */
  declare retryAfter: number;
  /** The HTTP status that frameworks answer with: 503. */
  declare status: number;
  declare statusCode: number;
  /** Frameworks that hide messages of server errors may show this one: it has the circuit's name and a number. */
  declare expose: boolean;
  /** Response headers, for the frameworks that read them. */
  declare headers: Record<string, string>;
  /** What GraphQL servers read. */
  declare extensions: Record<string, unknown>;

  /** As `{ cause }` would make it, at a fifth of the cost, and kept out of what loggers enumerate. */
  #cause: unknown;

  /** `message`: made of the fields, unless the caller has it already. */
  constructor(
    fields: FailfastErrorFields,
    message: string = describeRejection(fields, wholeSeconds(fields.retryAfterMs)),
  ) {
    // A property of its own, since a structured clone takes over no other.
    super(message);
    this.#cause = fields.cause;
    this.circuit = fields.circuit;
    this.state = fields.state;
    this.retryAfterMs = fields.retryAfterMs;
    if (fields.held !== undefined) this.held = fields.held;
  }

  /** The failure that opened the circuit, where this process saw it. */
  override get cause(): unknown {
    return this.#cause;
  }

  override set cause(cause: unknown) {
    this.#cause = cause;
  }

  /** What loggers and `process.send` make of it. A structured clone keeps only the message, the stack and the cause. */
  toJSON(): object {
    const { name, code, message, circuit, state, held, shadow, retryAfter, retryAfterMs, status } = this;
    return { name, code, message, circuit, state, held, shadow, retryAfter, retryAfterMs, status };
  }

  /** The answer to a web request: 503, `Retry-After`, and a problem document (RFC 9457). */
  toResponse(): WebResponse {
    return responseOf(this);
  }

  /** The same as {@link toResponse}, under the name that Hono looks for. */
  getResponse(): WebResponse {
    return this.toResponse();
  }
}

brand(FailfastError, "FailfastError");

derive(FailfastError.prototype, {
  name: () => "FailfastError",
  code: () => OPEN_CODE,
  retryAfter: ({ retryAfterMs }) => wholeSeconds(retryAfterMs),
  status: () => 503,
  statusCode: () => 503,
  expose: () => true,
  headers: ({ retryAfter }) => ({ "Retry-After": String(retryAfter) }),
  extensions: ({ circuit, retryAfter, status, headers }) => ({
    code: OPEN_CODE,
    circuit,
    retryAfter,
    http: {
      status,
      headers: new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    },
  }),
});

/** The message of a rejection; `seconds`: whole ones, until it may be called again. */
export function describeRejection({ circuit, state, held }: FailfastErrorFields, seconds: number): string {
  if (held === "open") return `circuit "${circuit}" is held open by an operator; the call was not made`;
  const retry = `retry in ${seconds} s`;
  if (state === "closed")
    return `circuit "${circuit}" admits only a share of the calls for now; this one was not made, ${retry}`;
  return `circuit "${circuit}" is ${state}; the call was not made, ${retry}`;
}

/**
 * Whether the error is a circuit's rejection, or has one among its causes or in an `AggregateError`. By
 * its code, since clients wrap the errors they are given, and since a package may be loaded twice.
 */
export function isFailfastError(error: unknown): boolean {
  return walkCauses(error, (cause) => cause.code === OPEN_CODE || undefined) ?? false;
}

/** The rejection itself, behind whatever wraps it; some clients give its code to the error that they wrap it in. */
export const rejectionIn = (error: unknown): FailfastError | undefined => walkCauses(error, rejection);

const rejection = (cause: Cause): FailfastError | undefined =>
  cause.code === OPEN_CODE && cause["circuit"] !== undefined
    ? (cause as unknown as FailfastError)
    : undefined;

import type { CircuitState } from "../events/circuit-state.js";
import { brand } from "./brand.js";
import { type Cause, walkCauses } from "./causes.js";
import { derive, responseOf, type WebResponse } from "./http-answer.js";
import { wholeSeconds } from "./seconds.js";

const OPEN_CODE = "ERR_FAILFAST_OPEN";

/** What a rejection says about its circuit. */
export interface FailfastErrorFields {
  /** The name of the circuit that rejected the call. */
  readonly circuit: string;
  /** Its state. `"closed"`: it admits only a share of the calls. */
  readonly state: CircuitState;
  /** Set when an operator holds the circuit. */
  readonly held?: "open" | "closed" | undefined;
  /** Milliseconds until calls may go through again. */
  readonly retryAfterMs: number;
  /** The failure that opened the circuit, if this process saw it. */
  readonly cause?: unknown;
}

/**
 * The rejection of a call while its circuit is open: the protected function was not called.
 *
 * It has the fields that web frameworks look for on an error. So if it is thrown in a handler, the framework answers
 * with 503 and `Retry-After` without any glue code. Every field can be assigned. It has no stack trace unless the
 * circuit's `stackTraces` is on, since thousands of rejections a second must stay cheap.
 */
export class FailfastError extends Error {
  declare name: "FailfastError";
  /** Stable: distinguishes it from other errors. See {@link isFailfastError}. */
  declare code: "ERR_FAILFAST_OPEN";
  /** The name of the circuit that rejected the call. */
  declare circuit: string;
  /** The circuit's state at the rejection. `"closed"`: it admits only a share of the calls. */
  declare state: CircuitState;
  /** `"open"` when an operator holds the circuit open. */
  declare held?: "open" | "closed" | undefined;
  /** Set if the circuit is in `mode: "shadow"`. Listeners get the error, and the call was made all the same. */
  declare shadow?: true;
  /** Milliseconds until calls may go through again. */
  declare retryAfterMs: number;
  /** Whole seconds until calls may go through again, rounded up, at least 1: the value of `Retry-After`. */
  declare retryAfter: number;
  /** The HTTP status with which frameworks answer: 503. */
  declare status: number;
  /** The same, for frameworks that read this name. */
  declare statusCode: number;
  /** Frameworks that hide messages of server errors may show this one: it contains the circuit's name and a number. */
  declare expose: boolean;
  /** Response headers, for frameworks that read them. */
  declare headers: Record<string, string>;
  /** For GraphQL servers. */
  declare extensions: Record<string, unknown>;

  /** Like `{ cause }`, at a fifth of the cost, and not enumerable, so that loggers don't print it. */
  #cause: unknown;

  /** `message`: built from the fields, unless the caller has it already. */
  constructor(
    fields: FailfastErrorFields,
    message: string = describeRejection(fields, wholeSeconds(fields.retryAfterMs)),
  ) {
    super();
    // An own property, since a structured clone copies no other. By assignment it is enumerable, unlike another error's:
    // `super(message)` would make the error half as dear again.
    this.message = message;
    this.#cause = fields.cause;
    this.circuit = fields.circuit;
    this.state = fields.state;
    this.retryAfterMs = fields.retryAfterMs;
    if (fields.held !== undefined) this.held = fields.held;
  }

  /** The failure that opened the circuit, if this process saw it. */
  override get cause(): unknown {
    return this.#cause;
  }

  override set cause(cause: unknown) {
    this.#cause = cause;
  }

  /** What loggers and `process.send` use. A structured clone keeps only the message, the stack and the cause. */
  toJSON(): object {
    const { name, code, message, circuit, state, held, shadow, retryAfter, retryAfterMs, status } = this;
    return { name, code, message, circuit, state, held, shadow, retryAfter, retryAfterMs, status };
  }

  /** The answer to a web request: 503, `Retry-After`, and a problem document (RFC 9457). */
  toResponse(): WebResponse {
    return responseOf(this);
  }

  /** The same as {@link toResponse}, under the name that Hono uses. */
  getResponse(): WebResponse {
    return this.toResponse();
  }
}

// Hardened programs freeze `Error.prototype`. Without a `message` here, the assignment to an error would throw then.
Object.defineProperty(FailfastError.prototype, "message", { value: "", writable: true, configurable: true });

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

/** The message of a rejection. `seconds`: whole seconds until calls may go through again. */
export function describeRejection({ circuit, state, held }: FailfastErrorFields, seconds: number): string {
  if (held === "open") return `circuit "${circuit}" is held open by an operator; the call was not made`;
  const retry = `retry in ${seconds} s`;
  if (state === "closed")
    return `circuit "${circuit}" admits only a share of the calls for now; this one was not made, ${retry}`;
  return `circuit "${circuit}" is ${state}; the call was not made, ${retry}`;
}

/**
 * Whether the error is a circuit's rejection, or has one among its causes or in an `AggregateError`. It compares the
 * code, since clients wrap the errors they are given, and since a package may be loaded twice.
 */
export function isFailfastError(error: unknown): boolean {
  return walkCauses(error, hasOpenCode) ?? false;
}

/**
 * The same, but a list of errors counts only if all of them are rejections: otherwise something did fail.
 *
 * @param part returns `true` for another error that counts for nothing in a list.
 */
export const isRejectionAlone = (error: unknown, part?: (each: unknown) => true | undefined): boolean =>
  walkCauses(error, hasOpenCode, areAll, part) ?? false;

function areAll(found: readonly (boolean | undefined)[]): boolean | undefined {
  if (found.every((each) => each === undefined)) return undefined;
  return found.every((each) => each === true);
}

// One function for all calls: V8 does not optimise the read of `code` in a function that is new for each call.
const hasOpenCode = (cause: Cause): boolean | undefined => cause.code === OPEN_CODE || undefined;

/** The rejection itself, behind whatever wraps it. Some clients copy its code to the error that wraps it. */
export const rejectionIn = (error: unknown): FailfastError | undefined => walkCauses(error, rejection);

const rejection = (cause: Cause): FailfastError | undefined =>
  cause.code === OPEN_CODE && cause["circuit"] !== undefined
    ? (cause as unknown as FailfastError)
    : undefined;

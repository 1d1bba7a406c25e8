import type { Verdict } from "../call/call-policy.js";
import { type Cause, walkCauses } from "../errors/causes.js";

/**
 * What an error of a call means for the circuit of its server. If the server answers and refuses the request, that is a
 * success: the server is there. Something that this side or the account lacks says nothing about the server.
 */
export const verdictOf = (error: unknown): Verdict => walkCauses(error, verdictOfOne) ?? "failure";

/**
 * Whether the connection is over, or the server has forgotten the session, so that no further call can succeed on it.
 */
export const isDisconnected = (error: unknown): boolean => walkCauses(error, disconnected) ?? false;

function verdictOfOne(error: Cause): Verdict | undefined {
  const { code, message } = error;
  if (isUnauthorized(error) || LOCAL_CODES.has(code) || LOCAL_WORDS.test(String(message))) return "neither";
  const status = statusOf(error);
  if (status !== undefined) return ofStatus(status, error);
  if (typeof code !== "number") return undefined;
  return isServersFault(code) ? "failure" : "success";
}

function ofStatus(status: number, error: Cause): Verdict {
  if (disconnected(error) || status >= 500 || status === 408 || status === 429) return "failure";
  return status === 401 || status === 403 ? "neither" : "success";
}

/**
 * From JSON-RPC: internal errors, parse errors, and the codes that implementations may use, unless the protocol assigns
 * them to the request. Some servers use HTTP's numbers.
 */
const isServersFault = (code: number): boolean =>
  code === -32_603 ||
  code === -32_700 ||
  (code <= -32_000 && code >= -32_099 && !OF_THE_REQUEST.has(code)) ||
  code === 408 ||
  code === 429 ||
  (code >= 500 && code < 600);

/** A missing resource, a wrong header, a missing capability or version, a user who has to act. */
const OF_THE_REQUEST: ReadonlySet<unknown> = new Set([-32_002, -32_020, -32_021, -32_022, -32_042]);

/** Errors of the SDK about calls that it never sent. */
const LOCAL_CODES: ReadonlySet<unknown> = new Set([
  "ALREADY_CONNECTED",
  "CAPABILITY_NOT_SUPPORTED",
  "METHOD_NOT_SUPPORTED_BY_PROTOCOL_VERSION",
]);
const LOCAL_WORDS = /requires task-based execution|has an invalid outputSchema/;

const isUnauthorized = (error: Cause): boolean =>
  error.name === "UnauthorizedError" ||
  (error as { constructor?: { name?: unknown } }).constructor?.name === "UnauthorizedError";

/**
 * The HTTP status. Version 2 of the SDK has a field for it; in version 1 it is the error's code, if that is not a
 * JSON-RPC code.
 */
function statusOf({ name, code, status }: Cause): number | undefined {
  if (typeof status === "number") return status;
  const isStatus = typeof code === "number" && code >= 100 && code < 600;
  return isStatus && name !== "McpError" && name !== "ProtocolError" ? code : undefined;
}

function disconnected(error: Cause): true | undefined {
  const { code } = error;
  const message = String(error["message"]);
  const status = statusOf(error);
  const gone =
    status === undefined
      ? CLOSED_CODES.has(code) || CLOSED_WORDS.test(message)
      : status === 404 || status === 410 || (status >= 400 && FORGOTTEN_WORDS.test(message));
  return gone || undefined;
}

const CLOSED_CODES: ReadonlySet<unknown> = new Set([
  "CONNECTION_CLOSED",
  "NOT_CONNECTED",
  "EPIPE",
  "ERR_STREAM_DESTROYED",
]);
/**
 * Version 1 of the SDK and the Agents SDK say it only in words. The code -32000 alone may be an error of the server's
 * own.
 */
const CLOSED_WORDS = /^(not connected$|MCP error -32000: connection closed$|server not initialized)/i;
/** A session that is gone should be a 404. Servers also answer 400, 401 and 503, and say in words what is wrong. */
const FORGOTTEN_WORDS =
  /session.{0,20}(not found|terminated|unknown)|(unknown|invalid|no valid).{0,10}session|server not initialized/i;

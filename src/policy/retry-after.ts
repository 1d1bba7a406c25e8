import { walkCauses } from "../errors/causes.js";

/**
 * How long a failure asks to wait before the next call, in ms; `undefined` if it doesn't. It is found on a `Response`,
 * on an error's own `headers`, `response` or `retryAfter` (seconds), or on the error's cause: `Retry-After` as seconds
 * or as a date (RFC 9110, section 10.2.3), and `retry-after-ms`.
 */
export const retryAfterOf = (failure: unknown, wall: number): number | undefined =>
  walkCauses(failure, (cause) => {
    const { headers, response, retryAfter } = cause as Carrier;
    const asked = fromHeaders(headers, wall) ?? fromHeaders(response?.headers, wall);
    return asked ?? seconds(retryAfter);
  });

interface Carrier {
  readonly headers?: unknown;
  readonly response?: { readonly headers?: unknown } | null;
  readonly retryAfter?: unknown;
}

function fromHeaders(headers: unknown, wall: number): number | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const ms = Number.parseFloat(String(header(headers, "retry-after-ms")));
  if (ms >= 0) return ms;
  const text = String(header(headers, "retry-after"));
  if (/^\s*\d+(\.\d+)?\s*$/.test(text)) return seconds(Number(text));
  // Every HTTP date matches this, and a stray number doesn't.
  if (!/[A-Za-z]{3}.*:/.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(date - sentAt(headers, wall), 0);
}

/** By the server's clock, as is the date that it asks for; this host's may differ. An answer from a cache is older. */
function sentAt(headers: object, wall: number): number {
  const date = Date.parse(String(header(headers, "date")));
  return Number.isNaN(date) || Number(header(headers, "age")) > 0 ? wall : date;
}

/** One header of a `Headers`, a `Map`, or a plain object; upper or lower case doesn't matter. */
export function header(headers: object, name: string): unknown {
  if ("get" in headers && typeof headers.get === "function") return headers.get(name);
  const key = Object.keys(headers).find((each) => each.toLowerCase() === name);
  const value: unknown = key === undefined ? undefined : (headers as Record<string, unknown>)[key];
  return Array.isArray(value) ? value[0] : value;
}

const seconds = (value: unknown): number | undefined =>
  Number.isFinite(value) && (value as number) >= 0 ? (value as number) * 1_000 : undefined;

import { listedPredicate } from "../call/policy.js";
import { type AbortSignalLike, Caller } from "../call/report.js";
import type { StreamSource } from "../call/stream-source.js";
import { checkFunction } from "../call/wrap.js";
import type { Failfast, FailfastOptions } from "../index.js";
import { failfast as shared } from "../index.js";
import type { Duration } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import { lenient } from "../options/options.js";
import { type Items, readable, StatusError, untilBodyEnds } from "./body.js";
import { checkIdleTimeout, checkName, failedStatus } from "./named.js";

/** The platform's `URL`, where its types are known. */
export type Url = typeof globalThis extends { URL: { prototype: infer U } }
  ? U
  : { readonly href: string; readonly origin: string; readonly pathname: string };

/** The platform's `fetch`, or one of the same shape, where its types are known. */
export type Fetch = typeof globalThis extends { fetch: infer F extends (...args: never[]) => unknown }
  ? F
  : never;

export interface FetchOptions extends FailfastOptions {
  /** How long a circuit stays open. Default: 30 s. */
  readonly timeout?: Duration;
  /**
   * Names the circuit of a request: one for all, or a function; of the route, say, never of the whole path, which would
   * be a circuit for each. Default: its origin, `https://api.example.com`, so that each host has one of its own.
   */
  readonly name?: string | ((url: Url, method: string) => string);
  /** What sends the request. Default: the runtime's `fetch`. */
  readonly fetch?: Fetch;
  /** Whose circuits they are. Default: the shared `failfast`. */
  readonly failfast?: Failfast;
  /**
   * Counts a response by the end of its body: one that breaks off while it is read is a failure, one that is read to
   * its end, or let go, what its status says. Default: false: the status alone counts, and the body is not touched.
   */
  readonly body?: boolean;
}

interface RequestLike {
  readonly url: string;
  readonly method?: string;
  readonly signal?: AbortSignalLike | null;
}
interface ResponseLike {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: unknown;
  readonly url: string;
  readonly redirected: boolean;
  readonly type: string;
}
interface Asked {
  readonly url: Url;
  readonly method: string;
  readonly signal: AbortSignalLike | null | undefined;
}
type AnyFetch = (input: unknown, init?: unknown) => Promise<ResponseLike>;

/**
 * A `fetch` behind circuits, one for each origin: drop it in wherever a client takes a `fetch`.
 *
 * A network error, a time-out, a status of 500 and more is a failure; 429 and 503 with `Retry-After` are, too, and set
 * how long the circuit stays open (`retryAfter`); every other answer is a success. While a circuit is open the call
 * rejects with a `FailfastError` and no request is made. A caller's own abort counts for nothing. Five failures in a
 * row open it, unless `threshold`, `failureRate` or `consecutive` say otherwise. All other options are a circuit's own,
 * and `results` decides in place of the above where it is given.
 *
 * @throws {TypeError} a wrong option, when it is made; a URL that can't be parsed, when it is called.
 */
export function failfastFetch(options: FetchOptions = {}): Fetch {
  const { timeout = "30s", name, fetch, failfast = shared, body = false, ...circuit } = options;
  checkName(name);
  if (fetch !== undefined) checkFunction(fetch);
  checkIdleTimeout(circuit, body);
  const nameOf = (input: unknown, init: unknown): string => {
    const { url, method } = requestOf(input, init);
    return typeof name === "function" ? name(url, method) : url.origin;
  };
  const judged: FailfastOptions = lenient({
    results: isFailure,
    retryAfter: true,
    ...circuit,
    ...(body && asStream(circuit)),
  });
  // One for all is made here, so that one that differs from another of its name is refused here, and not by a call.
  const one = typeof name === "string" ? failfast(name, timeout, judged) : undefined;
  const circuits = one === undefined ? failfast(nameOf, timeout, judged) : { for: () => one };
  const send: AnyFetch = (input, init) => ((fetch ?? globalFetch()) as unknown as AnyFetch)(input, init);

  const guarded: AnyFetch = async (input, init) => {
    const its = circuits.for(input, init);
    const caller = new Caller(requestOf(input, init).signal);
    const ask = async (signal: unknown): Promise<ResponseLike> => {
      try {
        // Without a deadline the arguments go through as they are.
        return await send(input, signal === caller ? init : { ...(init as object), signal });
      } catch (error) {
        if (error instanceof TypeError && !sendable(input, init)) caller.leave();
        throw error;
      }
    };
    if (body && READS_BODIES) {
      const failed = (circuit.results ?? isFailure) as (response: unknown) => boolean;
      return untilBodyEnds<ResponseLike>(its, caller, { send: ask, failed, bodyOf, withBody });
    }
    return its.run(ask, { signal: caller as never });
  };
  return guarded as unknown as Fetch;
}

/** What is taken for a failure of the backend. */
export function isFailure(response: unknown): boolean {
  const { status, headers } = response as ResponseLike;
  return failedStatus(status, headers.get("retry-after"));
}

const READS_BODIES = typeof (globalThis as { Response?: unknown }).Response === "function";

const bodyOf = ({ body }: ResponseLike): StreamSource<unknown> | null => body as StreamSource<unknown> | null;

/** The same response with a body that is guarded to its end. */
function withBody(response: ResponseLike, items: Items): ResponseLike {
  const { Response } = globalThis as unknown as {
    Response: new (body: unknown, like: ResponseLike) => ResponseLike;
  };
  const copy = new Response(readable(items), response);
  for (const field of ["url", "redirected", "type"] as const)
    Object.defineProperty(copy, field, { value: response[field], configurable: true });
  return copy;
}

/** What judges a call and stands in for it, where a call is a stream whose first item is the response. */
function asStream({ fallback, exceptions }: FailfastOptions): FailfastOptions {
  const listed = exceptions && listedPredicate(exceptions);
  const substitute = fallback as ((...args: unknown[]) => unknown) | undefined;
  return {
    ...(listed && { exceptions: (error: unknown) => error instanceof StatusError || listed(error) }),
    ...(substitute && {
      fallback: async function* (...args: unknown[]) {
        yield await substitute(...args);
      },
    }),
  };
}

/** Whether it is a request at all; what isn't says nothing of the server. */
function sendable(input: unknown, init: unknown): boolean {
  const { Request } = globalThis as unknown as { Request?: new (url: string, init: object) => unknown };
  const { body } = (init ?? {}) as { body?: unknown };
  const { url, method } = requestOf(input, init);
  if (Request === undefined) return true;
  if (body !== undefined && body !== null && (method === "GET" || method === "HEAD")) return false;
  try {
    new Request(url.href, { ...(init as object), body: undefined, signal: undefined });
    return true;
  } catch {
    return false;
  }
}

function requestOf(input: unknown, init: unknown): Asked {
  const request = (
    typeof input === "object" && input !== null && "url" in input ? input : {}
  ) as Partial<RequestLike>;
  const given = (init ?? {}) as { method?: string; signal?: AbortSignalLike | null };
  const text = request.url ?? String(input);
  const { location, URL } = globalThis as unknown as {
    location?: { href?: string };
    URL: new (text: string, base?: string) => Url;
  };
  const method = (given.method ?? request.method ?? "GET").toUpperCase();
  try {
    return { url: new URL(text, location?.href), method, signal: given.signal ?? request.signal };
  } catch (error) {
    throw new TypeError(`failfastFetch() was given ${formatValue(text)}: it takes a URL`, { cause: error });
  }
}

function globalFetch(): Fetch {
  const { fetch } = globalThis as { fetch?: unknown };
  if (typeof fetch === "function") return fetch as Fetch;
  throw new TypeError("this runtime has no fetch: give one, as in failfastFetch({ fetch })");
}

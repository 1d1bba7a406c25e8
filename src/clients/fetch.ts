import { listedPredicate } from "../call/call-policy.js";
import { Caller } from "../call/reported-call.js";
import type { StreamSource } from "../call/stream-source.js";
import { checkFunction } from "../call/wrap.js";
import { FailfastError } from "../errors/failfast-error.js";
import type { Failfast, FailfastOptions } from "../index.js";
import { failfast as shared } from "../index.js";
import { checkObject } from "../options/check-options.js";
import type { Duration } from "../options/duration.js";
import { isInstance } from "../options/error-class.js";
import { lenient } from "../options/options.js";
import { type Items, isOfBytes, readable, StatusError, untilBodyEnds } from "./body.js";
import { checkIdleTimeout, checkName, failedStatus } from "./named.js";
import { canFollow, followed } from "./redirects.js";
import { answerThatThrows, repeatsErrors } from "./repeating-client.js";
import {
  type OutgoingRequest,
  parseUrl,
  type RequestHead,
  requestOf,
  sendable,
  UNKNOWN_ORIGIN,
  type Url,
} from "./request.js";
import { setFields } from "./response-fields.js";
import { asksWrongly, isTaken, ofItsBody, uploadOf } from "./upload.js";

/** The platform's `fetch`, or one of the same shape, if its types are known. */
export type Fetch = typeof globalThis extends { fetch: infer F extends (...args: never[]) => unknown }
  ? F
  : never;

/** The options of `failfastFetch`: those of its circuits, and these. */
export interface FetchOptions extends FailfastOptions {
  /** How long a circuit stays open. Default: 30 s. */
  readonly timeout?: Duration;
  /**
   * Names the circuit of a request: one for all, or a function. A function should name the route and never the whole
   * path, which would make a circuit for each path. Default: its origin, `https://api.example.com`, so that each host
   * has its own circuit. `request.headers.get(…)` distinguishes credentials. A name is stored, so it must not contain a
   * key.
   */
  readonly name?: string | ((url: Url, method: string, request: RequestHead) => string);
  /** What sends the request. With a `name` it may take relative URLs. Default: the runtime's `fetch`. */
  readonly fetch?: Fetch;
  /** The `failfast` that makes the circuits. Default: the shared one. */
  readonly failfast?: Failfast;
  /**
   * Counts a response at the end of its body. A body that breaks off is a failure. If it is read to its end, or let go,
   * the status decides. Default: false: only the status counts, and the body is not touched.
   */
  readonly body?: boolean;
}

interface ResponseLike {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: unknown;
  readonly url: string;
  readonly redirected: boolean;
  readonly type: string;
}
type AnyFetch = (input: unknown, init?: unknown) => Promise<ResponseLike>;

/**
 * A `fetch` behind circuits, one for each origin. Use it wherever a client accepts a `fetch`.
 *
 * Failures: a network error, a time-out, a status of 500 and more, and 429 and 503 with `Retry-After`, which then sets
 * how long the circuit stays open (`retryAfter`). Any other response is a success. While a circuit is open the call
 * rejects with a `FailfastError` and no request is made. A caller's own abort counts for nothing. Five failures in a
 * row open a circuit, unless `threshold`, `failureRate` or `consecutive` say otherwise. All other options are those of
 * a circuit; `results` replaces the rules above if it is given.
 *
 * @throws {TypeError} a wrong option, when it is made; a URL that can't be parsed, when it is called.
 */
export function failfastFetch(options: FetchOptions = {}): Fetch {
  checkObject(options);
  const { timeout = "30s", name, fetch, failfast = shared, body = false, ...rest } = options;
  checkName(name);
  if (fetch !== undefined) checkFunction(fetch);
  checkIdleTimeout(rest, body);
  const base = fetch === undefined || name === undefined ? undefined : UNKNOWN_ORIGIN;
  const nameOf = (input: unknown, init: unknown): string => {
    const request = requestOf(input, init, base);
    return typeof name === "function" ? name(request.url, request.method, request) : request.url.origin;
  };
  const { results = isFailure } = rest;
  // The response came from another host: the requested host redirected there, so it has answered.
  const elsewhere = new WeakSet<object>();
  const failed = (response: unknown): boolean =>
    !elsewhere.has(response as object) && (results as (response: unknown) => boolean)(response);
  const judged: FailfastOptions = lenient({
    retryAfter: true,
    ...rest,
    results: typeof results === "function" ? failed : results,
    ...(body && asStream(rest)),
  });
  // A circuit for all requests is made here, so that a conflicting definition throws here, and not at a call.
  const one = typeof name === "string" ? failfast(name, timeout, judged) : undefined;
  const circuits = one === undefined ? failfast(nameOf, timeout, judged) : { for: () => one };
  const send: AnyFetch = (input, init) => ((fetch ?? globalFetch()) as unknown as AnyFetch)(input, init);

  const call: AnyFetch = async (input, init) => {
    const circuit = circuits.for(input, init);
    const request = requestOf(input, init, base);
    const caller = new Caller(request.signal);
    const ask = async (signal: unknown): Promise<ResponseLike> => {
      const { body: own } = (init ?? {}) as { body?: unknown };
      const upload = uploadOf(own, fetch === undefined);
      const taken = own === undefined && isUsed(input);
      const changed = { ...(upload && { body: upload.body }), ...(signal !== caller && { signal }) };
      try {
        // Without a deadline, and without a stream to send, the arguments are passed on unchanged.
        const asIs = upload === undefined && signal === caller;
        const response = await send(input, asIs ? init : { ...(init as object), ...changed });
        // If another guard sends, and rejects, its error is thrown.
        void response.headers;
        if (isOfAnother(response, request)) elsewhere.add(response);
        return response;
      } catch (error) {
        const unsent =
          isInstance(error, TypeError) && !sendable(input, init, fetch && { duplex: "half" }, base);
        if (unsent || taken || asksWrongly(error) || upload?.broke() || ofItsBody(error, input))
          caller.leave();
        throw error;
      }
    };
    try {
      if (!body || !READS_BODIES) return await circuit.run(ask, { signal: caller as never });
      return await untilBodyEnds<ResponseLike>(circuit, caller, { send: ask, failed, bodyOf, withBody });
    } catch (error) {
      if (!(error instanceof FailfastError)) throw error;
      // Clients search the causes for a network failure, and would repeat the call.
      error.cause = undefined;
      if (!repeatsErrors(request.headers)) throw error;
      return answerThatThrows(error) as ResponseLike;
    }
  };
  const guarded: AnyFetch = async (input, init) => {
    const request = requestOf(input, init, base);
    if (fetch !== undefined || !canFollow(request, input, init)) return call(input, init);
    // The circuit for all requests says nothing about other hosts.
    const hop: AnyFetch = (to, how) =>
      (one === undefined || requestOf(to, how).url.origin === request.url.origin ? call : send)(to, how);
    return followed(hop, request, input, init);
  };
  return withPreconnect(guarded, fetch);
}

/** Bun's `fetch` has a method of its own, which makes no call. */
function withPreconnect(guarded: AnyFetch, own: Fetch | undefined): Fetch {
  const { preconnect } = (own ?? (globalThis as { fetch?: unknown }).fetch ?? {}) as { preconnect?: unknown };
  return (preconnect === undefined ? guarded : Object.assign(guarded, { preconnect })) as unknown as Fetch;
}

/** Whether it is a `Request` whose body was sent or read before. */
function isUsed(input: unknown): boolean {
  const { bodyUsed, body } = (typeof input === "object" && input !== null ? input : {}) as Record<
    string,
    unknown
  >;
  return bodyUsed === true || isTaken(body);
}

/** Whether another host answered. A `fetch` of the caller's own may say where in its own way, or not at all. */
function isOfAnother({ redirected, url }: ResponseLike, { url: { href, origin } }: OutgoingRequest): boolean {
  if (redirected !== true || origin === UNKNOWN_ORIGIN) return false;
  const answered = parseUrl(url, href)?.origin;
  return answered !== undefined && answered !== "null" && answered !== origin;
}

/** Whether it is a response that counts as a failure of the backend. */
export function isFailure(response: unknown): boolean {
  const { status, headers } = (response ?? {}) as Partial<ResponseLike>;
  return typeof status === "number" && failedStatus(status, headers?.get?.("retry-after"));
}

const READS_BODIES = typeof (globalThis as { Response?: unknown }).Response === "function";

const bodyOf = ({ body }: ResponseLike): StreamSource<unknown> | null => body as StreamSource<unknown> | null;

/** The same response with a body that is guarded to its end. */
function withBody(response: ResponseLike, items: Items): ResponseLike {
  const { Response } = globalThis as unknown as {
    Response: new (body: unknown, like: ResponseLike) => ResponseLike;
  };
  const { url, redirected, type } = response;
  return setFields(new Response(readable(items, isOfBytes(response.body)), response), {
    url,
    redirected,
    type,
  });
}

/** How a call is judged, and what replaces it, if the call is a stream whose first item is the response. */
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

function globalFetch(): Fetch {
  const { fetch } = globalThis as { fetch?: unknown };
  if (typeof fetch === "function") return fetch as Fetch;
  throw new TypeError("this runtime has no fetch: give one, as in failfastFetch({ fetch })");
}

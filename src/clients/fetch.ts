import { listedPredicate } from "../call/policy.js";
import { type AbortSignalLike, Caller } from "../call/report.js";
import { checkFunction } from "../call/wrap.js";
import type { Failfast, FailfastOptions } from "../index.js";
import { failfast as shared } from "../index.js";
import type { Duration } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import { lenient } from "../options/options.js";
import { checkName, failedStatus } from "./named.js";

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
      return bodied(its as unknown as Streams, caller, ask, failed);
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

interface Streams {
  stream(
    fn: (signal: unknown) => Promise<AsyncIterable<unknown>>,
    options: { signal?: unknown },
  ): AsyncGenerator<unknown, void, undefined>;
}

/** The circuit's verdict waits for the end of the body: the first item is the response itself. */
async function bodied(
  circuit: Streams,
  caller: Caller,
  send: (signal: unknown) => Promise<ResponseLike>,
  failed: (response: unknown) => boolean,
): Promise<ResponseLike> {
  let admitted = false;
  const items = circuit.stream(
    async (signal) => {
      admitted = true;
      const response = await send(signal);
      return (async function* () {
        yield response;
        if (failed(response)) throw new StatusError(response);
        for await (const chunk of (response.body ?? []) as AsyncIterable<unknown>) yield chunk;
      })();
    },
    { signal: caller },
  );
  const { value: response } = (await items.next()) as { value: ResponseLike };
  if (!admitted) {
    // It is the fallback's own.
    await items.return(undefined);
    return response;
  }
  if (failed(response)) {
    // Its body is the caller's to read, as it is; the circuit has its verdict.
    await items.next().catch(() => undefined);
    return response;
  }
  if (response.body === null) {
    await items.next();
    return response;
  }
  const { Response, ReadableStream } = globalThis as unknown as {
    Response: new (body: unknown, like: ResponseLike) => ResponseLike;
    ReadableStream: new (source: {
      pull(controller: { enqueue(chunk: unknown): void; close(): void }): Promise<void>;
      cancel(): Promise<unknown>;
    }) => unknown;
  };
  const guarded = new ReadableStream({
    async pull(controller) {
      const { done, value } = await items.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => items.return(undefined),
  });
  const copy = new Response(guarded, response);
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

/** What a failed status is to the circuit; it reaches no caller. */
class StatusError extends Error {
  override readonly name = "StatusError";
  readonly response: ResponseLike;

  constructor(response: ResponseLike) {
    super(`status ${response.status}`);
    this.response = response;
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

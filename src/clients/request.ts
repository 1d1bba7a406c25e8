import type { AbortSignalLike } from "../call/reported-call.js";
import { formatValue } from "../options/format-value.js";

declare global {
  // As with AbortSignal: merged with the platform's own type.
  interface URL {}
}

/** The platform's `URL`, if its types are known. */
export type Url = keyof URL extends never
  ? { readonly href: string; readonly origin: string; readonly pathname: string }
  : URL;

/** What a request is sent with, for naming its circuit, for example by the credential it uses. */
export interface RequestHead {
  readonly headers: HeadersLike;
}

/** The headers of a request, however its client stores them. */
export interface HeadersLike {
  /** A header by its name, in upper or lower case; `null` if the request doesn't have it. */
  get(name: string): string | null;
}

/** A request as it is passed to a `fetch`. */
export interface OutgoingRequest extends RequestHead {
  readonly url: Url;
  readonly method: string;
  readonly signal: AbortSignalLike | null | undefined;
}

interface Given {
  readonly url?: string;
  readonly method?: string;
  readonly signal?: AbortSignalLike | null;
  readonly headers?: unknown;
}

/** Stands for the origin of a relative URL, which only the client that sends it knows. */
export const UNKNOWN_ORIGIN = "http://relative.invalid";

/**
 * @param base where a relative URL begins, if it may be relative.
 * @throws {TypeError} a URL that can't be parsed.
 */
export function requestOf(input: unknown, init: unknown, base?: string): OutgoingRequest {
  const request = (typeof input === "object" && input !== null && "url" in input ? input : {}) as Given;
  const given = (init ?? {}) as Given;
  const text = request.url ?? String(input);
  const { location, URL } = globalThis as unknown as {
    location?: { href?: string };
    URL: new (text: string, base?: string) => Url;
  };
  try {
    return {
      url: new URL(text, location?.href ?? base),
      method: (given.method ?? request.method ?? "GET").toUpperCase(),
      signal: given.signal ?? request.signal,
      get headers() {
        return headersOf(given.headers ?? request.headers ?? {});
      },
    };
  } catch (error) {
    throw new TypeError(`failfastFetch() was given ${formatValue(text)}: it takes a URL`, { cause: error });
  }
}

/** `undefined` if it can't be parsed. @param base where a relative URL begins; otherwise where the page is. */
export function parseUrl(text: string, base?: string): Url | undefined {
  const { location, URL } = globalThis as unknown as {
    location?: { href?: string };
    URL: new (text: string, base?: string) => Url;
  };
  try {
    return new URL(text, base ?? location?.href);
  } catch {
    return undefined;
  }
}

/**
 * Whether it is a valid request. One that isn't says nothing about the server.
 *
 * @param defaults what the caller's own `fetch` may add to it.
 * @param base where a relative URL begins, if it may be relative.
 */
export function sendable(input: unknown, init: unknown, defaults: object = {}, base?: string): boolean {
  const { Request, AbortSignal } = globalThis as unknown as {
    Request?: new (url: string, init: object) => unknown;
    AbortSignal: new () => unknown;
  };
  const { body, signal, dispatcher } = (init ?? {}) as Record<string, unknown>;
  const { url, method } = requestOf(input, init, base);
  if (Request === undefined) return true;
  if (body !== undefined && body !== null && (method === "GET" || method === "HEAD")) return false;
  // Of undici's `fetch`.
  if (dispatcher && typeof (dispatcher as { dispatch?: unknown }).dispatch !== "function") return false;
  try {
    new Request(url.href, {
      ...defaults,
      ...(init as object),
      method,
      body: standInFor(body),
      // A real one would get a listener.
      signal: signal instanceof AbortSignal ? undefined : signal,
    });
    return true;
  } catch {
    return false;
  }
}

/** A body that is refused where this one is. A stream that was sent can't be given to another request. */
function standInFor(body: unknown): unknown {
  if (typeof body === "string") return undefined;
  if (typeof body !== "object" || body === null) return body;
  const { ReadableStream } = globalThis as unknown as { ReadableStream: new () => unknown };
  return "getReader" in body || Symbol.asyncIterator in body ? new ReadableStream() : body;
}

/** Headers in the form that `fetch` takes; none if they are invalid, which `fetch` reports. */
export function headersOf(given: unknown): HeadersLike & { delete(name: string): void } {
  const { Headers } = globalThis as unknown as {
    Headers: new (given?: unknown) => ReturnType<typeof headersOf>;
  };
  try {
    return new Headers(given);
  } catch {
    return new Headers();
  }
}

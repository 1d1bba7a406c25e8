import { type Asked, headersOf, type Url } from "./request.js";

/** The part of a response that may redirect its caller. */
interface Redirecting {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: unknown;
}

const STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** The same limit as `fetch` has. */
const MOST = 20;
/** Headers meant only for the host they were given for. */
const SECRETS = ["authorization", "proxy-authorization", "cookie", "host"];

/**
 * Whether redirects of a request can be followed one by one, so that each host's circuit learns what that host did. The
 * request must have no body, `fetch` must be set to follow redirects, and the runtime must show them (a browser
 * doesn't).
 */
export function canFollow({ method }: Asked, input: unknown, init: unknown): boolean {
  const { redirect = "follow", body } = { ...from(input), ...from(init) } as Record<string, unknown>;
  const { document, WorkerGlobalScope, Deno } = globalThis as Record<string, unknown>;
  const shown = document === undefined && (WorkerGlobalScope === undefined || Deno !== undefined);
  return shown && redirect === "follow" && (body ?? undefined) === undefined && method !== "POST";
}

function from(given: unknown): object {
  if (typeof given !== "object" || given === null) return {};
  const { redirect, body } = given as Record<string, unknown>;
  return { ...(redirect !== undefined && { redirect }), ...(body !== undefined && { body }) };
}

/**
 * Sends a request, and follows its redirects as `fetch` does.
 *
 * @param send sends one request without following its redirects.
 */
export async function followed<R extends Redirecting>(
  send: (input: unknown, init: object) => Promise<R>,
  asked: Asked,
  input: unknown,
  init: unknown,
): Promise<R> {
  let answer = await send(input, { ...(init as object), redirect: "manual" });
  let { url, method } = asked;
  const headers = headersOf(asked.headers);
  for (let hops = 0; ; hops++) {
    // A fallback may return anything.
    const location = STATUSES.has(answer?.status) ? answer.headers.get("location") : null;
    if (location === null) {
      if (hops > 0) Object.defineProperty(answer, "redirected", { value: true, configurable: true });
      return answer;
    }
    const next = following(location, url);
    if (hops === MOST) throw failed("redirect count exceeded");
    await (answer.body as { cancel(): Promise<void> } | null)?.cancel();
    if (next.origin !== url.origin) for (const name of SECRETS) headers.delete(name);
    if (answer.status === 303 && method !== "HEAD") method = "GET";
    url = next;
    const { signal } = asked;
    answer = await send(url.href, { signal, ...(init as object), method, headers, redirect: "manual" });
  }
}

function following(location: string, from: Url): Url {
  const { URL } = globalThis as unknown as { URL: new (text: string, base: string) => MutableUrl };
  let next: MutableUrl;
  try {
    next = new URL(location, from.href);
  } catch (error) {
    throw failed("the redirect leads to no URL", error);
  }
  if (!/^https?:$/.test(next.protocol)) throw failed("URL scheme must be a HTTP(S) scheme");
  if (next.hash === "") next.hash = (from as MutableUrl).hash;
  return next;
}

type MutableUrl = Url & { protocol: string; hash: string };

/** Fails as `fetch` does. */
const failed = (message: string, cause?: unknown): TypeError =>
  new TypeError("fetch failed", { cause: new Error(message, { cause }) });

import { headersOf, type OutgoingRequest, type Url } from "./request.js";
import { setFields } from "./response-fields.js";

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
 * doesn't). An `integrity` is that of the last answer, and would be compared with the first one.
 */
export function canFollow({ method }: OutgoingRequest, input: unknown, init: unknown): boolean {
  const {
    redirect = "follow",
    body,
    integrity,
  } = { ...from(input), ...from(init) } as Record<string, unknown>;
  const { document, WorkerGlobalScope, Deno } = globalThis as Record<string, unknown>;
  const shown = document === undefined && (WorkerGlobalScope === undefined || Deno !== undefined);
  const bodiless = (body ?? undefined) === undefined && method !== "POST";
  return shown && redirect === "follow" && bodiless && !integrity;
}

/** A field that is `undefined` in the options leaves the request's own. */
function from(given: unknown): object {
  if (typeof given !== "object" || given === null) return {};
  const { redirect, body, integrity } = given as Record<string, unknown>;
  const fields = Object.entries({ redirect, body, integrity });
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/**
 * Sends a request, and follows its redirects as `fetch` does.
 *
 * @param send sends one request without following its redirects.
 */
export async function followed<R extends Redirecting>(
  send: (input: unknown, init: object) => Promise<R>,
  request: OutgoingRequest,
  input: unknown,
  init: unknown,
): Promise<R> {
  let answer = await send(input, { ...(init as object), redirect: "manual" });
  let { url, method } = request;
  const headers = headersOf(request.headers);
  for (let hops = 0; ; hops++) {
    // A fallback may return anything.
    const location = STATUSES.has(answer?.status) ? answer.headers.get("location") : null;
    if (location === null) {
      return hops > 0 && Object.isExtensible(answer) ? setFields(answer, { redirected: true }) : answer;
    }
    const next = following(location, url);
    if (hops === MOST) throw failed("redirect count exceeded");
    await (answer.body as { cancel(): Promise<void> } | null)?.cancel();
    if (next.origin !== url.origin) for (const name of SECRETS) headers.delete(name);
    if (answer.status === 303 && method !== "HEAD") method = "GET";
    url = next;
    const { signal } = request;
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

import { type Asked, headersOf, type Url } from "./request.js";

/** What is read of an answer that may send its caller elsewhere. */
interface Redirecting {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: unknown;
}

const STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** As many as `fetch` itself follows. */
const MOST = 20;
/** What is for the host alone that it was given for. */
const SECRETS = ["authorization", "proxy-authorization", "cookie", "host"];

/**
 * Whether redirects of a request can be followed one by one, so that each host's circuit hears of what that host did: a
 * request without a body, of which `fetch` is to follow redirects, where the runtime shows them (a browser doesn't).
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
 * @param send sends one of them, whose redirects it doesn't follow.
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
    // A fallback may be anything.
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

/** As `fetch` fails. */
const failed = (message: string, cause?: unknown): TypeError =>
  new TypeError("fetch failed", { cause: new Error(message, { cause }) });

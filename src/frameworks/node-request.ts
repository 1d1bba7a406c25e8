/** The request that a response of Node's answers. */
interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Whether Node's server handed it to its listener of upgrades. */
  readonly upgrade?: boolean | null;
}

/** A browser's question before the request itself (CORS), which says nothing of the route. */
export function isPreflight(request: unknown): boolean {
  const { method, headers } = (request ?? {}) as Request;
  return method === "OPTIONS" && headers?.["access-control-request-method"] !== undefined;
}

/**
 * A request that becomes a WebSocket: its response is never answered. Its header alone does not tell, which any client can
 * send: it is believed only where the server does not say.
 */
export function isWebSocket(request: unknown): boolean {
  const { headers, upgrade } = (request ?? {}) as Request;
  return upgrade ?? String(headers?.["upgrade"]).toLowerCase() === "websocket";
}

interface HeadResponse {
  getHeader(name: string): unknown;
  writeHead?: unknown;
}

type WriteHead = (this: unknown, status: number, ...rest: readonly unknown[]) => unknown;

/** Calls back when the head of an answer has gone out that is a stream of events, which may go on for hours. */
export function onEventStream(response: HeadResponse, begins: () => void): void {
  const writeHead = response.writeHead as WriteHead;
  response.writeHead = function (this: unknown, status: number, ...rest: readonly unknown[]) {
    // First, for it sets the status.
    const result = writeHead.call(this, status, ...rest);
    const type = typeIn(rest.at(-1)) ?? response.getHeader("content-type");
    if (String(type).toLowerCase().startsWith("text/event-stream")) begins();
    return result;
  };
}

/** The content type in headers as `writeHead` takes them: an object, pairs, or names and values by turns. */
function typeIn(headers: unknown): unknown {
  if (typeof headers !== "object" || headers === null) return undefined;
  const flat = Array.isArray(headers) ? headers.flat() : Object.entries(headers).flat();
  const at = flat.findIndex(
    (name, index) => index % 2 === 0 && String(name).toLowerCase() === "content-type",
  );
  return at < 0 ? undefined : flat[at + 1];
}

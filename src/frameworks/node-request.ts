/** The parts of Node's request that are used here. */
interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Whether Node's server handed it to its `upgrade` listener. */
  readonly upgrade?: boolean | null;
}

/** The question that a browser asks before the request itself (CORS). It says nothing about the route. */
export function isPreflight(request: unknown): boolean {
  const { method, headers } = (request ?? {}) as Request;
  return method === "OPTIONS" && headers?.["access-control-request-method"] !== undefined;
}

/**
 * A request that becomes a WebSocket: its response is never sent. Any client can send the header, so the header counts
 * only if the server does not say whether it upgraded the connection.
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

/** Calls `begins` once the head of an event stream has been sent. Such an answer may go on for hours. */
export function onEventStream(response: HeadResponse, begins: () => void): void {
  const writeHead = response.writeHead as WriteHead;
  response.writeHead = function (this: unknown, status: number, ...rest: readonly unknown[]) {
    // Before `begins`, because it sets the status.
    const result = writeHead.call(this, status, ...rest);
    const type = typeIn(rest.at(-1)) ?? response.getHeader("content-type");
    if (String(type).toLowerCase().startsWith("text/event-stream")) begins();
    return result;
  };
}

/** The content type in headers as `writeHead` takes them: an object, pairs, or a flat list of names and values. */
function typeIn(headers: unknown): unknown {
  if (typeof headers !== "object" || headers === null) return undefined;
  const flat = Array.isArray(headers) ? headers.flat() : Object.entries(headers).flat();
  const at = flat.findIndex(
    (name, index) => index % 2 === 0 && String(name).toLowerCase() === "content-type",
  );
  return at < 0 ? undefined : flat[at + 1];
}

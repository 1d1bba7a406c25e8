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

/**
 * Reads the headers of an answer by their lower-case names, those included that were given to `writeHead` alone, which
 * Node's response does not keep. `begins` is called once the head of an event stream has been sent. Such an answer may
 * go on for hours.
 */
export function readHead(response: HeadResponse, begins: () => void): (name: string) => unknown {
  const writeHead = response.writeHead as WriteHead;
  let given: unknown;
  const header = (name: string): unknown => valueIn(given, name) ?? response.getHeader(name);
  response.writeHead = function (this: unknown, status: number, ...rest: readonly unknown[]) {
    // Before `begins`, because it sets the status.
    const result = writeHead.call(this, status, ...rest);
    given = rest.at(-1);
    if (String(header("content-type")).toLowerCase().startsWith("text/event-stream")) begins();
    return result;
  };
  return header;
}

/** The value of one of the headers as `writeHead` takes them: an object, pairs, or a flat list of names and values. */
function valueIn(headers: unknown, name: string): unknown {
  if (typeof headers !== "object" || headers === null) return undefined;
  const flat = Array.isArray(headers) ? headers.flat() : Object.entries(headers).flat();
  const at = flat.findIndex((each, index) => index % 2 === 0 && String(each).toLowerCase() === name);
  return at < 0 ? undefined : flat[at + 1];
}

import { checkCallable } from "../options/check-options.js";
import type { Dashboard } from "./dashboard.js";

/** The part of Node's `IncomingMessage`, or of Express's request, that is used. */
export interface NodeRequestLike extends AsyncIterable<unknown> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Express puts the whole path here. */
  readonly originalUrl?: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The parsed body, if a body parser ran before. */
  readonly body?: unknown;
}

/** The part of Node's `ServerResponse` that is used. */
export interface NodeResponseLike {
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  once(event: "close" | "drain", listener: () => void): unknown;
  writeHead(status: number, headers: Record<string, string>): unknown;
  flushHeaders(): void;
  write(chunk: Uint8Array): boolean;
  end(): unknown;
}

const LONGEST_BODY = 1_048_576;

/**
 * The page as a listener of Node's own server, or as middleware of Express and similar frameworks.
 *
 * @throws {TypeError} anything but such a page.
 */
export function toNodeListener(
  page: Dashboard,
): (request: NodeRequestLike, response: NodeResponseLike) => void {
  checkCallable(page, "toNodeListener takes a page, as dashboard({ store }) gives it");
  return (request, response) => {
    void serve(page, request, response).catch(() => {
      // The viewer has gone, or did not send a valid request.
      if (response.destroyed) return;
      if (!response.headersSent) response.writeHead(400, {});
      response.end();
    });
  };
}

async function serve(page: Dashboard, from: NodeRequestLike, to: NodeResponseLike): Promise<void> {
  const answer = await page(await requestOf(from));
  to.writeHead(answer.status, Object.fromEntries(answer.headers));
  to.flushHeaders();
  if (answer.body === null || from.method === "HEAD") {
    await answer.body?.cancel();
    to.end();
    return;
  }
  const reader = answer.body.getReader();
  // The viewer may have gone while the store was asked.
  if (to.destroyed) return reader.cancel();
  const gone = new Promise<void>((resolve) => {
    to.once("close", () => {
      resolve();
      void reader.cancel();
    });
  });
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (to.destroyed) return;
    if (!to.write(next.value)) await Promise.race([gone, new Promise<void>((go) => to.once("drain", go))]);
  }
  to.end();
}

async function requestOf(from: NodeRequestLike): Promise<Request> {
  const { method = "GET", url = "/", originalUrl = url } = from;
  const headers = new Headers();
  for (const [name, value] of Object.entries(from.headers))
    if (value !== undefined && !name.startsWith(":")) headers.set(name, [value].flat().join(", "));
  const address = new URL(originalUrl, `http://${headers.get("host") ?? "localhost"}`);
  if (method === "GET" || method === "HEAD") return new Request(address, { method, headers });
  return new Request(address, { method, headers, body: await bodyOf(from) });
}

async function bodyOf(from: NodeRequestLike): Promise<string> {
  if (from.body !== undefined) return typeof from.body === "string" ? from.body : JSON.stringify(from.body);
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of from) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > LONGEST_BODY) throw new Error("too long");
  }
  return text + decoder.decode();
}

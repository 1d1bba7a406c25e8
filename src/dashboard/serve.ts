import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Store } from "../options/store.js";
import { systemClock } from "../runtime/system-clock.js";
import { dashboard } from "./dashboard.js";
import { toNodeListener } from "./node.js";
import { RateLimit } from "./rate-limit.js";

/** How many wrong passwords are allowed at once, and how soon one more, in ms. */
const GUESSES = 10;
const GUESS_EVERY_MS = 3_000;

/** The settings of `npx failfast dashboard`. */
export interface ServeOptions {
  readonly store: Store;
  /** Default: 4870; 0 takes a free one. */
  readonly port?: number | undefined;
  /** Default: `127.0.0.1`, only this machine. */
  readonly host?: string | undefined;
  readonly basePath?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Nobody may act. Default: false. */
  readonly readOnly?: boolean | undefined;
  /** Where browsers see the page, behind a proxy. */
  readonly origin?: string | undefined;
}

/** A server that is running. */
export interface Served {
  /** Where the page is. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the page over a store, until it is closed.
 *
 * @throws {Error} if everybody who reaches this machine could act: an address that others reach needs a password, or
 * `readOnly`. Also if the port is in use.
 */
export async function serveDashboard(options: ServeOptions): Promise<Served> {
  const { store, port = 4870, host = "127.0.0.1", basePath = "", readOnly = false, origin } = options;
  const { password, user = "failfast" } = options;
  const loopback = isLoopback(host);
  if (password === "") throw new Error("the password is empty: is its variable set?");
  if (!loopback && !readOnly && password === undefined)
    throw new Error(
      `other machines can reach ${host}: set a password (--password), or allow only reading (--read-only)`,
    );
  const page = dashboard({
    store,
    basePath,
    ...(origin === undefined ? {} : { origin }),
    ...(readOnly ? {} : { authorize: () => (password === undefined ? true : user) }),
  });
  const listener = toNodeListener(page);
  const guesses = new RateLimit(systemClock, GUESSES, GUESS_EVERY_MS);
  const server = createServer((request, response) => {
    // Another site's name that leads to this machine is a trick to read the page from that site.
    if (loopback && password === undefined && !expected(hostIn(request), origin)) {
      response
        .writeHead(421)
        .end(
          "this page is served only to this machine, and to the address in --origin: a proxy must pass the Host header on\n",
        );
    } else if (password !== undefined && !knows(request, user, password)) {
      const seconds = request.headers.authorization === undefined ? 0 : guesses.take();
      if (seconds > 0) response.writeHead(429, { "Retry-After": seconds }).end();
      else response.writeHead(401, { "WWW-Authenticate": 'Basic realm="failfast", charset="UTF-8"' }).end();
    } else listener(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const shown = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${shown}:${bound.port}${basePath.replace(/\/+$/, "")}/`,
    async close() {
      await page.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** This machine, or where browsers see the page behind a proxy. */
const expected = (host: string, origin: string | undefined): boolean =>
  isLoopback(host) || (origin !== undefined && host === new URL(origin).hostname);

/** The host that a request is for, without its port. */
function hostIn({ headers }: IncomingMessage): string {
  return (headers.host ?? "").replace(/:\d*$/, "");
}

/** Whether a request has the right user and password. A wrong one takes as long to check as the right one. */
function knows({ headers }: IncomingMessage, user: string, password: string): boolean {
  const [, given = ""] = /^Basic (.+)$/i.exec(headers.authorization ?? "") ?? [];
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(Buffer.from(given, "base64").toString()), digest(`${user}:${password}`));
}

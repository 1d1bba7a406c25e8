import { StoreUrlError } from "./errors.js";

/** A URL as the functions that make clients get it. */
export interface Address {
  /** With its colon. */
  readonly scheme: string;
  /** For the client: without the store's own options. */
  readonly href: string;
  readonly host: string;
  readonly port: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** What follows the scheme, if the scheme names no server: a path, `:memory:`, or nothing. */
  readonly path: string;
  readonly options: { readonly prefix?: string; readonly table?: string; readonly bucket?: string };
  /**
   * Refuses query options that belong neither to the store nor to the client.
   *
   * @throws {StoreUrlError}
   */
  checkQuery(ofStore: readonly string[], ofClient?: readonly string[]): void;
}

const OPTIONS = ["prefix", "table", "bucket"] as const;

/**
 * Reads a URL.
 *
 * @throws {StoreUrlError} if it can't be read. The error does not repeat the URL, which may contain a password, and has
 * no cause, which would.
 */
export function readAddress(url: string, from: string): Address {
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*:)(.*)$/is.exec(url) ?? [];
  if (scheme === undefined)
    throw new StoreUrlError(`${from} is no URL: it begins with a scheme, as redis://127.0.0.1:6379 does`);
  return rest.startsWith("//") && !/^(file|sqlite|memory):$/i.test(scheme)
    ? ofServer(url, scheme.toLowerCase(), from)
    : ofPath(scheme.toLowerCase(), rest, from);
}

function ofServer(url: string, scheme: string, from: string): Address {
  if (!URL.canParse(url))
    throw new StoreUrlError(
      `${from} can't be read: in its user, password and path, percent-encode everything but letters and digits; its port is a number up to 65535`,
    );
  const parsed = new URL(url);
  const checkQuery = checkerOf([...parsed.searchParams.keys()], from);
  const options = take(parsed.searchParams);
  const decoded = (text: string): string | undefined => (text === "" ? undefined : decode(text, from));
  return {
    scheme,
    href: parsed.href,
    host: parsed.hostname || "127.0.0.1",
    port: parsed.port,
    user: decoded(parsed.username),
    password: decoded(parsed.password),
    path: parsed.pathname,
    options,
    checkQuery,
  };
}

/** A relative path, an absolute path, or one after `//`, as in `file:///var/lib/shop`. */
function ofPath(scheme: string, rest: string, from: string): Address {
  const [path = "", query = ""] = rest.split("?", 2);
  const given = new URLSearchParams(query);
  const checkQuery = checkerOf([...given.keys()], from);
  const options = take(given);
  const plain = decode(path.replace(/^\/\/(?=\/|$)/, ""), from);
  const none = { href: "", host: "", port: "", user: undefined, password: undefined };
  return { scheme, ...none, path: plain, options, checkQuery };
}

/** A misspelt prefix would silently join another fleet. */
const checkerOf =
  (given: readonly string[], from: string): Address["checkQuery"] =>
  (ofStore, ofClient = []) => {
    const unknown = given.find((name) => !ofStore.includes(name) && !ofClient.includes(name));
    if (unknown === undefined) return;
    const takes = ofStore.length === 0 ? "no options" : ofStore.map((name) => `?${name}=`).join(", ");
    const client = ofClient.length === 0 ? "" : `, and of the client ${ofClient.join(", ")}`;
    throw new StoreUrlError(
      `${from} has the unknown option ${JSON.stringify(unknown)}; a store of its kind takes ${takes}${client}`,
    );
  };

/** The store's own options, removed from what the client gets. */
function take(query: URLSearchParams): Address["options"] {
  const taken: Record<string, string> = {};
  for (const option of OPTIONS) {
    const value = query.get(option);
    if (value !== null) taken[option] = value;
    query.delete(option);
  }
  return taken;
}

function decode(text: string, from: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new StoreUrlError(`${from} can't be read: write %25 for a "%" in it`);
  }
}

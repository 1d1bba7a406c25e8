import { hostname, userInfo } from "node:os";
import type { StoreFromUrl } from "../stores/url.js";
import { storeFrom } from "../stores/url.js";
import type { Arguments } from "./arguments.js";
import { CommandError, EXIT } from "./errors.js";

/** A store's URL: complete, and in a form that may be shown. */
export interface Address {
  readonly url: string;
  readonly shown: string;
}

/** The store's URL from `--store` or `FAILFAST_STORE`, with the prefix in it. */
export function addressOf(args: Arguments): Address {
  const url = args.text("store")?.trim();
  if (url === undefined)
    throw new CommandError(
      "no store is given: add --store URL, for example --store redis://127.0.0.1:6379, or set FAILFAST_STORE",
      EXIT.usage,
    );
  const prefix = args.text("prefix");
  if (prefix !== undefined && /[?&]prefix=/.test(url))
    throw new CommandError(
      "the store's URL has a prefix, and --prefix is given too: leave one of them out",
      EXIT.usage,
    );
  const whole =
    prefix === undefined ? url : `${url}${url.includes("?") ? "&" : "?"}prefix=${encodeURIComponent(prefix)}`;
  return { url: whole, shown: withoutSecrets(whole) };
}

/** Options of a client may contain secrets, too. */
function withoutSecrets(url: string): string {
  const [, scheme = "", rest = ""] = /^([a-z0-9+.-]+:(?:\/\/)?)([^?]*)/i.exec(url) ?? [];
  const prefix = /[?&]prefix=([^&]*)/.exec(url)?.[1];
  return `${scheme}${rest.replace(/^.*@/s, "")}${prefix === undefined ? "" : `?prefix=${prefix}`}`;
}

/** The store, connected or still connecting. */
export async function connect({ url }: Address): Promise<StoreFromUrl> {
  try {
    return await storeFrom(url);
  } catch (error) {
    throw new CommandError((error as Error).message, EXIT.usage);
  }
}

/** Who runs the command, if nothing says who asks for the change. */
export function operator(args: Arguments): string {
  const given = args.text("by");
  if (given !== undefined) return given;
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `someone@${hostname()}`;
  }
}

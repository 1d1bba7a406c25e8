import type { Failfast } from "../api/failfast.js";
import type { Fleet } from "../fleet/fleet.js";
import { observeFleet } from "../fleet/fleet.js";
import { checkKnown, checkMethods } from "../options/check-options.js";
import type { Store } from "../options/store.js";
import type { Clock } from "../runtime/clock.js";
import { systemClock } from "../runtime/system-clock.js";
import type { Authorize } from "./act.js";
import { Handler } from "./handler.js";

/** Settings of the page. Give either `store` or `failfast`. */
export interface DashboardOptions {
  /** The store that the fleet shares. */
  readonly store?: Store;
  /** A `failfast`; the page shows its stores. */
  readonly failfast?: Failfast<unknown>;
  /**
   * Who may act. It gets the request with its headers, and returns `true`, or a name for the audit trail. Without it,
   * nobody may act. It reads no body. If it throws, the answer is no.
   */
  readonly authorize?: Authorize;
  /** The path where the page is mounted, as in requests: `"/circuits"`. Default: the root. */
  readonly basePath?: string;
  /**
   * Where browsers see the page, `"https://ops.example.com"`, if a proxy changes the `Host` header. Default: the `Host`
   * header.
   */
  readonly origin?: string | readonly string[];
}

/** Answers the requests of the page, for any server. */
export interface Dashboard extends AsyncDisposable {
  (request: Request): Promise<Response>;
  /** Ends its streams, and stops reading the store. */
  close(): Promise<void>;
}

/**
 * A live page over the whole fleet, to mount in any server. Everybody who reaches it may look, so guard its path as you
 * guard your other pages. It reads the store from the first request on.
 *
 * ```ts
 * const page = dashboard({ store, basePath: "/circuits", authorize: (request) => isOperator(request) });
 * createServer(toNodeListener(page)).listen(3000);
 * ```
 *
 * @throws {TypeError} an unknown option, or neither a store nor a `failfast`.
 */
export function dashboard(options: DashboardOptions): Dashboard {
  checkKnown(options, ["store", "failfast", "authorize", "basePath", "origin"]);
  const of = options.failfast ?? options.store;
  if (of === undefined || (options.failfast && options.store))
    throw new TypeError("dashboard takes a store or a failfast, one of the two");
  if (options.failfast) checkMethods(of, ["circuits"], "the failfast of dashboard() takes a failfast");
  else checkMethods(of, ["get", "set", "delete"], "the store of dashboard() takes a store");
  return dashboardOf(() => observeFleet(of), options, systemClock);
}

/** The same, for an observer of a fleet, and with a clock. */
export function dashboardOf(
  observe: () => Fleet,
  options: Omit<DashboardOptions, "store" | "failfast">,
  clock: Clock,
): Dashboard {
  const { authorize, origin = [] } = options;
  const base = basePathOf(options.basePath);
  const origins = [origin].flat().map(originOf);
  if (authorize !== undefined && typeof authorize !== "function")
    throw new TypeError("authorize takes a function of the request");
  let open: { readonly fleet: Fleet; readonly handler: Handler } | undefined;
  const opened = (): Handler => {
    if (open === undefined) {
      const fleet = observe();
      const settings = { fleet, clock, base, origins, authorize };
      open = { fleet, handler: new Handler(settings) };
    }
    return open.handler;
  };
  const close = async (): Promise<void> => {
    open?.handler.close();
    await open?.fleet[Symbol.asyncDispose]();
    open = undefined;
  };
  const page = (request: Request): Promise<Response> => opened().answer(request);
  return Object.assign(page, { close, [Symbol.asyncDispose]: close });
}

/** In the form that browsers send: without a path, in lower case. */
function originOf(given: unknown): string {
  const url = typeof given === "string" && URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new TypeError('origin takes an address such as "https://ops.example.com"');
  return url.origin;
}

function basePathOf(given = ""): string {
  if (typeof given !== "string") throw new TypeError(`basePath takes a path such as "/circuits"`);
  const base = given.replace(/\/+$/, "");
  if (base !== "" && !base.startsWith("/"))
    throw new TypeError(`basePath is "${given}": it begins with a slash, as in "/circuits"`);
  return new URL(base, "http://x").pathname === base || base === "" ? base : encodeURI(base);
}

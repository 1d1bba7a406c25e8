import type { Failfast } from "../api/failfast.js";
import type { Fleet } from "../fleet/fleet.js";
import { observeFleet } from "../fleet/fleet.js";
import type { Store } from "../options/store.js";
import type { Clock } from "../runtime/clock.js";
import { systemClock } from "../runtime/system-clock.js";
import type { Authorize } from "./act.js";
import { Handler } from "./handler.js";

/** Settings of the page: give `store` or `failfast`, one of the two. */
export interface DashboardOptions {
  /** The store that the fleet shares. */
  readonly store?: Store;
  /** A `failfast`, whose store it is. */
  readonly failfast?: Failfast<unknown>;
  /**
   * Who may act: gets the request, headers and all, and says `true`, or a name that the audit trail then has. Without
   * it, nobody may. It reads no body. What it throws means no.
   */
  readonly authorize?: Authorize;
  /** The path that the page is mounted at, as requests have it: `"/circuits"`. Default: the root. */
  readonly basePath?: string;
  /** Where browsers see the page, `"https://ops.example.com"`, if a proxy changes the `Host` header. Default: what `Host` says. */
  readonly origin?: string | readonly string[];
}

/** Answers the requests of the page, whatever server they came by. */
export interface Dashboard extends AsyncDisposable {
  (request: Request): Promise<Response>;
  /** Ends its streams, and stops looking at the store. */
  close(): Promise<void>;
}

/**
 * A live page over the whole fleet, to mount in any server. Everybody who reaches it may look: guard its path as you guard other
 * pages of yours. It looks at the store from the first request on.
 *
 * ```ts
 * const page = dashboard({ store, basePath: "/circuits", authorize: (request) => isOperator(request) });
 * createServer(toNodeListener(page)).listen(3000);
 * ```
 *
 * @throws {TypeError} an option that it does not take, or neither a store nor a `failfast`.
 */
export function dashboard(options: DashboardOptions): Dashboard {
  const of = options.failfast ?? options.store;
  if (of === undefined || (options.failfast && options.store))
    throw new TypeError("dashboard takes a store or a failfast, one of the two");
  return dashboardOf(() => observeFleet(of), options, systemClock);
}

/** The same, over what observes a fleet, and under a clock. */
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

/** As browsers send it: without a path, in small letters. */
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

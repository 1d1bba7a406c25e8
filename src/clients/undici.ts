import { watchSilence } from "../api/circuit.js";
import { reported } from "../call/reported-call.js";
import { isRejectionAlone } from "../errors/failfast-error.js";
import { checkObject } from "../options/check-options.js";
import { header } from "../policy/retry-after.js";
import { type ClientOptions, checkIdleTimeout, checkName, circuitsNamed, failedStatus } from "./named.js";
import type { RequestHead, Url } from "./request.js";
import { GuardedHandler, type Handler, type UndiciResponse } from "./undici-handler.js";
import { uploadOf } from "./upload.js";

export type { UndiciResponse } from "./undici-handler.js";

/** The options of `failfastInterceptor`: those of its circuits, and these. */
export interface UndiciOptions extends ClientOptions {
  /**
   * Names the circuit of a request: one for all, or a function. Default: its origin, `https://api.example.com`. A
   * `Client` and a `Pool` don't tell their origin to an interceptor, so give a name there. `request.headers.get(…)`
   * distinguishes credentials. A name is stored, so it must not contain a key.
   */
  readonly name?: string | ((url: Url, method: string, request: RequestHead) => string);
  /**
   * Counts a response at the end of its body. A body that breaks off is a failure. If it is read to its end, or let go,
   * the status decides. Default: false: only the status counts.
   */
  readonly body?: boolean;
  /** Which responses are failures. Default: 500 and more, and 429 with `Retry-After`. */
  results?(response: UndiciResponse): boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: the dispatch of every version of undici, whatever its types
type AnyDispatch = (options: any, handler: any) => boolean;

interface DispatchOptions {
  readonly origin?: unknown;
  readonly path: string;
  readonly method: string;
  readonly headers?: unknown;
  readonly body?: unknown;
}

/**
 * An interceptor for `dispatcher.compose` of undici 7 and newer. The requests of the dispatcher go through circuits,
 * one for each origin.
 *
 * ```ts
 * setGlobalDispatcher(new Agent().compose(failfastInterceptor()));
 * ```
 *
 * It counts as `failfastFetch` does. While a circuit is open nothing is sent, and the request fails with a
 * `FailfastError`. `fetch` wraps that as the `cause` of a `TypeError`; `isRejectionAlone` finds it. Composed before
 * `retry`, each attempt counts; composed after it, each request counts.
 *
 * @throws {TypeError} a wrong option, when it is made; a request without an origin, if no `name` is given.
 */
export function failfastInterceptor(options: UndiciOptions = {}): <D extends AnyDispatch>(dispatch: D) => D {
  checkObject(options);
  const { name, body = false, ...rest } = options;
  checkName(name);
  checkIdleTimeout(rest, body);
  const circuitOf = circuitsNamed(
    typeof name === "string" ? name : (request: DispatchOptions) => nameOf(request, name),
    rest as ClientOptions,
    { results: isFailure, exceptions: (error) => !isRejectionAlone(error), retryAfter: true },
  );
  return <D extends AnyDispatch>(dispatch: D) => {
    const intercept = (request: DispatchOptions, handler: Handler): boolean => {
      const circuit = circuitOf(request);
      const silence = body ? watchSilence(circuit, ({ error }) => guarded.end(error)) : undefined;
      const upload = uploadOf(request.body);
      const guarded = new GuardedHandler(
        handler,
        body,
        silence,
        request.origin,
        upload,
        request.origin === undefined ? dispatch : String(request.origin),
      );
      let ready = true;
      reported(circuit, {
        start(report) {
          guarded.report = report;
          try {
            ready = dispatch(upload === undefined ? request : { ...request, body: upload.body }, guarded);
          } catch (error) {
            report.left();
            guarded.end(error);
          }
        },
        rejected: (error) => guarded.end(error),
        late: (error) => guarded.end(error),
        ownWait: () => guarded.waits,
      });
      return ready;
    };
    return intercept as D;
  };
}

function isFailure(response: UndiciResponse): boolean {
  return failedStatus(response.status, response.headers["retry-after"]);
}

function nameOf(
  request: DispatchOptions,
  name: ((url: Url, method: string, request: RequestHead) => string) | undefined,
): string {
  const { origin, path, method } = request;
  if (origin === undefined || origin === null) {
    throw new TypeError(
      'this dispatcher, such as a Client or a Pool, does not tell its origin: give a name, as in failfastInterceptor({ name: "sales_api" })',
    );
  }
  const { URL } = globalThis as unknown as { URL: new (text: string, base?: string) => Url };
  if (name === undefined) return new URL(String(origin)).origin;
  const head = { headers: { get: (key: string) => sent(request.headers, key.toLowerCase()) } };
  return name(new URL(path, String(origin)), method, head);
}

/** A header in the forms that undici takes: in an object, in pairs, or in a flat list of names and values. */
function sent(headers: unknown, name: string): string | null {
  if (typeof headers !== "object" || headers === null) return null;
  const list = Symbol.iterator in headers ? [...(headers as Iterable<unknown>)] : undefined;
  if (list === undefined) return text(header(headers, name));
  const pairs = Array.isArray(list[0])
    ? list
    : list.flatMap((key, at) => (at % 2 ? [] : [[key, list[at + 1]]]));
  return text((pairs as unknown[][]).find(([key]) => String(key).toLowerCase() === name)?.[1]);
}

const text = (value: unknown): string | null =>
  value === undefined || value === null ? null : String(value);

import { idleTimeoutOf } from "../api/circuit.js";
import { type AbortSignalLike, Caller } from "../call/reported-call.js";
import type { StreamSource } from "../call/stream-source.js";
import { isRejectionAlone } from "../errors/failfast-error.js";
import { checkObject } from "../options/check-options.js";
import { header } from "../policy/retry-after.js";
import { type Items, readable, untilBodyEnds } from "./body.js";
import { type ClientOptions, checkName, circuitsNamed, failedStatus } from "./named.js";
import { isOfNode, nodeStream } from "./node-stream.js";
import { parseUrl, type RequestHead, type Url } from "./request.js";
import { asksWrongly, streamedUpload } from "./upload.js";

/** The options of `failfastAdapter`: those of its circuits, and these. */
export interface AxiosOptions extends ClientOptions {
  /**
   * Names the circuit of a request: one for all, or a function. Default: its origin, `https://api.example.com`.
   * `request.headers.get(…)` distinguishes credentials. A name is stored, so it must not contain a key.
   */
  readonly name?: string | ((url: Url, method: string, request: RequestHead) => string);
  /** What sends the request: a name that axios knows, or an adapter. Default: the default of axios. */
  readonly adapter?: "http" | "xhr" | "fetch" | ((config: never) => Promise<unknown>);
  /**
   * Which responses are failures, whether axios treats them as errors or not. Default: 500 and more, and 429 with
   * `Retry-After`.
   */
  results?(response: { readonly status: number; readonly headers: object }): boolean;
}

/** The parts that are used of axios, or of an instance that also has `getAdapter`. */
export interface AxiosLike {
  readonly defaults: { readonly adapter?: unknown };
  // biome-ignore lint/suspicious/noExplicitAny: of every version of axios, whatever its types
  getAdapter(adapters: any, config?: any): (config: any) => Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  getUri(config?: any): string;
}

interface Config {
  readonly url?: string;
  readonly baseURL?: string;
  readonly allowAbsoluteUrls?: boolean;
  readonly method?: string;
  readonly responseType?: string;
  readonly headers?: object;
  readonly data?: unknown;
  readonly signal?: AbortSignalLike | null;
  beforeRedirect?(next: { readonly href?: string }, ...more: unknown[]): void;
  readonly cancelToken?: CancelToken;
}

/** axios's own, or one that somebody made, which need not have a reason. */
interface CancelToken {
  readonly reason?: unknown;
  subscribe?(listener: () => void): void;
  unsubscribe?(listener: () => void): void;
}

interface Answer {
  readonly status: number;
  readonly headers: object;
  readonly data?: unknown;
}

/**
 * An adapter for axios with a circuit for each origin, around the adapter that sends.
 *
 * ```ts
 * const client = axios.create({ adapter: failfastAdapter(axios, { callTimeout: "3s" }) });
 * ```
 *
 * It counts as `failfastFetch` does, whatever `validateStatus` says. Errors reach the caller as axios made them, with
 * their `response`. A request that its caller cancelled counts for nothing. While a circuit is open nothing is sent,
 * and the call rejects with the `FailfastError` itself.
 *
 * @throws {TypeError} a wrong option, or something that is not axios; when it is made.
 */
export function failfastAdapter(
  axios: AxiosLike,
  options: AxiosOptions = {},
  // biome-ignore lint/suspicious/noExplicitAny: an adapter of every version of axios, whatever its types
): (config: any) => Promise<any> {
  if (typeof axios?.getAdapter !== "function" || typeof axios.getUri !== "function")
    throw new TypeError("failfastAdapter takes axios itself, which has getAdapter and getUri");
  checkObject(options);
  const { name, adapter, results = isFailure, ...rest } = options;
  checkName(name);
  // The response came from another host: the requested host redirected there, so it has answered.
  const elsewhere = new WeakSet<Answer>();
  const failed = (answer: Answer): boolean => !elsewhere.has(answer) && results(answer);
  const circuitOf = circuitsNamed(
    typeof name === "function" ? name : (url: Url) => name ?? url.origin,
    rest as ClientOptions,
    {
      retryAfter: true,
      results: failed,
      exceptions: (error) => {
        const { response } = error as { response?: Answer };
        return response === undefined ? !isRejectionAlone(error) : results(response);
      },
    },
  );
  const urlOf = ({ url, baseURL, allowAbsoluteUrls }: Config): Url | undefined =>
    parseUrl(axios.getUri({ url, baseURL, allowAbsoluteUrls }));
  return async (config: Config) => {
    const send = axios.getAdapter(adapter ?? axios.defaults.adapter, config);
    const url = urlOf(config);
    // If it is not a URL, axios reports that.
    if (url === undefined) return send(config);
    const { method = "get", headers = {}, data, beforeRedirect, cancelToken } = config;
    const head = { headers: { get: (name: string) => (header(headers, name) ?? null) as string | null } };
    const caller = new Caller(config.signal);
    const upload = streamedUpload(data);
    let away = false;
    const changed: Config = {
      ...config,
      ...(upload && { data: upload.body }),
      beforeRedirect(next, ...more) {
        away = parseUrl(next.href ?? "")?.origin !== url.origin;
        // What happens from here on is the other host's responsibility.
        if (away) caller.leave();
        beforeRedirect?.(next, ...more);
      },
    };
    const token = cancelToken && new Listened(cancelToken, () => caller.leave());
    const ask = (signal: unknown): Promise<Answer> => {
      token?.listen();
      return sendChanged(
        signal === caller ? changed : { ...changed, signal: signal as AbortSignalLike },
        config,
        send,
      )
        .then((answer) => {
          if (away) elsewhere.add(answer);
          return answer;
        })
        .catch((error: unknown) => {
          if (upload?.broke() || token?.refused) caller.leave();
          if (cancelToken?.reason !== undefined || isOfTheCaller(error)) caller.leave();
          throw error;
        });
    };
    const circuit = circuitOf(url, method.toUpperCase(), head);
    if (config.responseType === "stream" && idleTimeoutOf(circuit) > 0)
      return untilBodyEnds<Answer>(circuit, caller, {
        send: ask,
        failed,
        bodyOf: ({ data }) => data as StreamSource<unknown>,
        withBody: (answer, items) => Object.assign(answer, { data: alike(answer.data, items) }),
        over: () => token?.forget(),
      });
    const made = circuit.run(ask, { signal: caller as never });
    return token === undefined ? made : made.finally(() => token.forget());
  };
}

/** A token, from when its request is sent until it is over: before, axios itself looks at it. */
class Listened {
  readonly #token: CancelToken;
  readonly #leave: () => void;
  /** Listening failed, as it will for axios. */
  refused = false;

  constructor(token: CancelToken, leave: () => void) {
    this.#token = token;
    this.#leave = leave;
  }

  listen(): void {
    try {
      this.#token.subscribe?.(this.#leave);
    } catch {
      this.refused = true;
    }
  }

  forget(): void {
    this.#token.unsubscribe?.(this.#leave);
  }
}

/** Sends the request as changed. Its answer and its error show the caller's own configuration. */
function sendChanged(
  changed: Config,
  config: Config,
  send: (config: Config) => Promise<Answer>,
): Promise<Answer> {
  return send(changed).then(
    (answer) => Object.assign(answer, { config }),
    (error: { config?: unknown; response?: object } | undefined) => {
      if (error?.config !== undefined) error.config = config;
      if (error?.response !== undefined) Object.assign(error.response, { config });
      throw error;
    },
  );
}

/** Whether the request was never sent, or met a limit that its caller set. */
function isOfTheCaller(error: unknown): boolean {
  const { name, code, response, message } = (error ?? {}) as Record<string, unknown>;
  if (response !== undefined) return false;
  return (
    OF_THE_CALLER.has(code) ||
    /^maxContentLength size /.test(String(message)) ||
    // From `new Request`, in axios's adapter for `fetch`. A network failure would have a code.
    (name === "TypeError" && code === undefined) ||
    asksWrongly(error)
  );
}

/** A stream of the same kind: Node's, or the platform's. */
const alike = (data: unknown, items: Items): unknown =>
  (isOfNode(data) && nodeStream(items, data)) || readable(items);

const isFailure = ({ status, headers }: Answer): boolean =>
  failedStatus(status, header(headers, "retry-after"));

/** Errors of axios, and of Node's HTTP, about the request itself, or about a limit that the caller set. */
const OF_THE_CALLER: ReadonlySet<unknown> = new Set([
  "ERR_BAD_OPTION",
  "ERR_BAD_OPTION_VALUE",
  "ERR_BAD_REQUEST",
  "ERR_DEPRECATED",
  "ERR_FORM_DATA_DEPTH_EXCEEDED",
  "ERR_FR_MAX_BODY_LENGTH_EXCEEDED",
  "ERR_FR_TOO_MANY_REDIRECTS",
  "ERR_HTTP_INVALID_HEADER_VALUE",
  "ERR_INVALID_ARG_TYPE",
  "ERR_INVALID_CHAR",
  "ERR_INVALID_HTTP_TOKEN",
  "ERR_INVALID_URL",
  "ERR_NOT_SUPPORT",
  "ERR_UNESCAPED_CHARACTERS",
]);

import { watchSilence } from "../api/circuit.js";
import { type Report, reported } from "../call/report.js";
import type { Silence } from "../call/silence.js";
import { isFailfastError } from "../errors/failfast-error.js";
import { checkObject } from "../options/check-options.js";
import { header } from "../policy/retry-after.js";
import { type ClientOptions, checkIdleTimeout, checkName, circuitsNamed, failedStatus } from "./named.js";
import type { RequestHead, Url } from "./request.js";
import { type Upload, uploadOf } from "./upload.js";

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

/** What is known about a response when it starts. */
export interface UndiciResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
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

interface Controller {
  readonly aborted: boolean;
  abort(reason: unknown): void;
  pause?(): void;
  resume?(): void;
}

type Headers = UndiciResponse["headers"];

interface Handler {
  onRequestStart?(controller: Controller, context: unknown): void;
  onRequestUpgrade?(controller: Controller, status: number, headers: Headers, socket: unknown): void;
  onResponseStart?(controller: Controller, status: number, headers: Headers, message?: string): void;
  onResponseData?(controller: Controller, chunk: unknown): void;
  onResponseEnd?(controller: Controller, trailers: Headers): void;
  onResponseError?(controller: Controller, error: unknown): void;
  onBodySent?(chunk: unknown, total?: unknown): unknown;
  onRequestSent?(): unknown;
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
 * `FailfastError`. `fetch` wraps that as the `cause` of a `TypeError`; `isFailfastError` finds it. Composed before
 * `retry`, each attempt counts; composed after it, each request counts.
 *
 * @throws {TypeError} a wrong option, when it is made; a request without an origin, if no `name` is given.
 */
export function failfastInterceptor(options: UndiciOptions = {}): <D extends AnyDispatch>(dispatch: D) => D {
  checkObject(options);
  const { name, body = false, ...rest } = options;
  checkName(name);
  checkIdleTimeout(rest, body);
  const circuit = circuitsNamed(
    typeof name === "string" ? name : (asked: DispatchOptions) => nameOf(asked, name),
    rest as ClientOptions,
    { results: isFailure, exceptions: (error) => !isFailfastError(error), retryAfter: true },
  );
  return <D extends AnyDispatch>(dispatch: D) => {
    const intercept = (asked: DispatchOptions, handler: Handler): boolean => {
      const its = circuit(asked);
      const silence = body ? watchSilence(its, ({ error }) => guarded.end(error)) : undefined;
      const upload = uploadOf(asked.body);
      const guarded = new GuardedHandler(
        handler,
        body,
        silence,
        asked.origin,
        upload,
        asked.origin === undefined ? dispatch : String(asked.origin),
      );
      let ready = true;
      reported(its, {
        start(report) {
          guarded.report = report;
          try {
            ready = dispatch(upload === undefined ? asked : { ...asked, body: upload.body }, guarded);
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
  asked: DispatchOptions,
  name: ((url: Url, method: string, request: RequestHead) => string) | undefined,
): string {
  const { origin, path, method } = asked;
  if (origin === undefined || origin === null) {
    throw new TypeError(
      'this dispatcher tells no origin, as a Client or a Pool: give a name, as in failfastInterceptor({ name: "sales_api" })',
    );
  }
  const { URL } = globalThis as unknown as { URL: new (text: string, base?: string) => Url };
  if (name === undefined) return new URL(String(origin)).origin;
  const head = { headers: { get: (key: string) => sent(asked.headers, key.toLowerCase()) } };
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

/** Errors of undici about what this process did, or about a limit it set, and not about the server. */
const OF_THE_CALLER = new Set([
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
  "UND_ERR_INVALID_ARG",
  "UND_ERR_NOT_SUPPORTED",
  "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
  "UND_ERR_RES_EXCEEDED_MAX_SIZE",
]);

/** How many requests of this process have a connection: by origin, or by dispatcher if it doesn't tell its origin. */
const running = new Map<unknown, number>();

/** Passes everything on, and reports it to the circuit. */
class GuardedHandler implements Handler {
  report: Report | undefined;
  readonly #handler: Handler;
  readonly #body: boolean;
  readonly #silence: Silence | undefined;
  #controller: Controller | undefined;
  #response: UndiciResponse | undefined;
  /** The handler has had its error, and gets nothing after it. */
  #ended: { readonly error: unknown } | undefined;

  readonly #origin: unknown;
  readonly #upload: Upload | undefined;
  /** The redirects that an inner interceptor has followed so far. */
  #hops: readonly Url[] = [];

  /** The origin or dispatcher that provides its connection. */
  readonly #pool: unknown;
  readonly #behind: boolean;
  #runs = false;

  constructor(
    handler: Handler,
    body: boolean,
    silence: Silence | undefined,
    origin: unknown,
    upload: Upload | undefined,
    pool: unknown,
  ) {
    this.#pool = pool;
    this.#handler = handler;
    this.#body = body;
    this.#silence = silence;
    this.#origin = origin;
    this.#upload = upload;
    this.#behind = this.#others > 0;
  }

  /** Whether it waits for a connection while other requests use all of them. That is no fault of the server. */
  get waits(): boolean {
    return !this.#runs && (this.#behind || this.#others > 0);
  }

  get #others(): number {
    return running.get(this.#pool) ?? 0;
  }

  #run(runs: boolean): void {
    if (this.#runs === runs) return;
    this.#runs = runs;
    const others = this.#others + (runs ? 1 : -1);
    if (others === 0) running.delete(this.#pool);
    else running.set(this.#pool, others);
  }

  /** Ends the request here, whatever its state. */
  end(error: unknown): void {
    if (this.#ended !== undefined) return;
    if (this.#controller !== undefined) {
      this.#controller.abort(error);
      return;
    }
    this.#ended = { error };
    this.#handler.onResponseError?.(new Aborted(error), error);
  }

  onRequestStart(controller: Controller, context: unknown): void {
    if (this.#ended !== undefined) {
      controller.abort(this.#ended.error);
      return;
    }
    this.#controller = controller;
    this.#run(true);
    this.#hops = (context as { history?: readonly Url[] } | undefined)?.history ?? [];
    this.#handler.onRequestStart?.(controller, context);
  }

  onRequestUpgrade(controller: Controller, status: number, headers: Headers, socket: unknown): void {
    this.#run(false);
    this.report?.returned({ status, headers });
    this.#handler.onRequestUpgrade?.(controller, status, headers, socket);
  }

  onResponseStart(controller: Controller, status: number, headers: Headers, message?: string): void {
    if (status >= 200) {
      const from = this.#hops.at(-1);
      // An inner interceptor followed a redirect to another host: the requested host has answered.
      const away = from !== undefined && from.origin !== String(this.#origin);
      this.#response = { status: away ? 302 : status, headers };
      if (!this.#body) this.report?.returned(this.#response);
      if (this.#silence !== undefined) waitUnlessPaused(controller, this.#silence);
    }
    this.#handler.onResponseStart?.(controller, status, headers, message);
  }

  onResponseData(controller: Controller, chunk: unknown): void {
    this.#silence?.wait();
    this.#handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    this.#silence?.end();
    this.#run(false);
    this.report?.returned(this.#response);
    this.#handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Controller, error: unknown): void {
    this.#silence?.end();
    this.#run(false);
    if (this.#ended !== undefined) return;
    const { code, name } = (error ?? {}) as { code?: string; name?: string };
    // The caller's `AbortSignal.timeout()` is a time-out like any other.
    // The target of a redirect is not known before that host has answered.
    const left = (controller?.aborted && name !== "TimeoutError") || this.#hops.length > 0;
    if (left || this.#upload?.broke() || OF_THE_CALLER.has(code ?? "")) {
      // The caller let go of the body, so there was an answer.
      if (this.#response === undefined) this.report?.left();
      else this.report?.returned(this.#response);
    } else this.report?.threw(error);
    this.#ended = { error };
    this.#handler.onResponseError?.(controller, error);
  }

  onBodySent(chunk: unknown, total?: unknown): unknown {
    return this.#handler.onBodySent?.(chunk, total);
  }

  onRequestSent(): unknown {
    return this.#handler.onRequestSent?.();
  }
}

/** A body is not silent while its reader makes it wait. */
function waitUnlessPaused(controller: Controller, silence: Silence): void {
  const { pause, resume } = controller;
  Object.assign(controller, {
    pause() {
      silence.rest();
      pause?.call(controller);
    },
    resume() {
      silence.wait();
      resume?.call(controller);
    },
  });
  silence.wait();
}

/** The controller of a request that was never sent. */
class Aborted implements Controller {
  readonly aborted = true;
  readonly paused = false;
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }

  abort(): void {}
  pause(): void {}
  resume(): void {}
}

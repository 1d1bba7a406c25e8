import type { Report } from "../call/reported-call.js";
import type { Silence } from "../call/silence.js";
import type { Url } from "./request.js";
import type { Upload } from "./upload.js";

/** What is known about a response when it starts. */
export interface UndiciResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

interface Controller {
  readonly aborted: boolean;
  abort(reason: unknown): void;
  pause?(): void;
  resume?(): void;
}

type Headers = UndiciResponse["headers"];

/** The handler of a request, in the form of undici 7 and newer. */
export interface Handler {
  onRequestStart?(controller: Controller, context: unknown): void;
  onRequestUpgrade?(controller: Controller, status: number, headers: Headers, socket: unknown): void;
  onResponseStart?(controller: Controller, status: number, headers: Headers, message?: string): void;
  onResponseData?(controller: Controller, chunk: unknown): void;
  onResponseEnd?(controller: Controller, trailers: Headers): void;
  onResponseError?(controller: Controller, error: unknown): void;
  onBodySent?(chunk: unknown, total?: unknown): unknown;
  onRequestSent?(): unknown;
}

/** Errors of undici about what this process did, or about a limit it set, and not about the server. */
const OF_THE_CALLER = new Set([
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
  "UND_ERR_INVALID_ARG",
  "UND_ERR_INVALID_RETURN_VALUE",
  "UND_ERR_MAX_ORIGINS_REACHED",
  "UND_ERR_NOT_SUPPORTED",
  "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
  "UND_ERR_RES_EXCEEDED_MAX_SIZE",
]);

/** How many requests of this process have a connection: by origin, or by dispatcher if it doesn't tell its origin. */
const running = new Map<unknown, number>();

/** Passes everything on, and reports it to the circuit. */
export class GuardedHandler implements Handler {
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

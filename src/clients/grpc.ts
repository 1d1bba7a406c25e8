import { type Circuit, watchSilence } from "../api/circuit.js";
import { type Report, reported } from "../call/report.js";
import type { Silence } from "../call/silence.js";
import { isFailfastError, rejectionIn } from "../errors/failfast-error.js";
import { TimeoutError } from "../errors/timeout-error.js";
import { checkObject } from "../options/check-options.js";
import { type ClientOptions, checkName, circuitsNamed } from "./named.js";

export interface GrpcOptions extends Omit<ClientOptions, "exceptions" | "results"> {
  /** Names the circuit of a call: one for all, or a function of its path. Default: the service, `sales.v1.Invoices`. */
  readonly name?: string | ((path: string) => string);
  /**
   * When a call with a stream of responses counts. `"first"`: with its first message, or with its status if that comes
   * first. `"end"`: with its status, at its end. Default: `"first"`, since a stream that is watched has no end.
   */
  readonly streams?: "first" | "end";
  /**
   * Which statuses are failures. Default: `CANCELLED` if the caller didn't cancel, `UNKNOWN`, `DEADLINE_EXCEEDED`,
   * `INTERNAL`, `UNAVAILABLE`, `DATA_LOSS`, and `RESOURCE_EXHAUSTED` with a `grpc-retry-pushback-ms`.
   */
  results?(status: GrpcStatus): boolean;
}

/** How a call ended. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata: GrpcMetadata;
}

/** The part of gRPC's metadata that is used. */
export interface GrpcMetadata {
  get(key: string): unknown[];
  set(key: string, value: string): void;
}

/** The part of `@grpc/grpc-js` that is used. */
export interface GrpcLike<C> {
  readonly InterceptingCall: new (nextCall: never, requester?: never) => C;
  readonly Metadata: new () => GrpcMetadata;
}

interface Call {
  cancelWithStatus(code: number, details: string): void;
  sendMessageWithContext(context: Context, message: unknown): void;
  startRead(): void;
}

interface Context {
  callback?(error?: unknown): void;
}

interface Listener {
  onReceiveMetadata(metadata: GrpcMetadata): void;
  onReceiveMessage(message: unknown): void;
  onReceiveStatus(status: GrpcStatus): void;
}

interface Method {
  readonly method_definition: { readonly path: string; readonly responseStream: boolean };
  /** The incoming call of this server for which it is made. Cancelling that call cancels the calls made for it. */
  readonly parent?: { readonly cancelled: boolean; getDeadline?(): Date | number };
  readonly deadline?: Date | number;
}

type Next = (metadata: unknown, listener: Listener) => void;

const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const FAILURES = new Set([CANCELLED, 2, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, 15]);

/**
 * An interceptor for clients of `@grpc/grpc-js`: a circuit for each service.
 *
 * ```ts
 * const client = new InvoicesClient(address, credentials, { interceptors: [failfastInterceptor(grpc)] });
 * ```
 *
 * While a circuit is open a call ends with `UNAVAILABLE` and nothing is sent. The error's `cause` is the
 * `FailfastError`, and its metadata contain `retry-after`, in seconds. A call that is cancelled on this side counts for
 * nothing. Retries that gRPC makes by itself belong to one call.
 *
 * @throws {TypeError} a wrong option, or something that is not grpc-js; when it is made.
 */
export function failfastInterceptor<C>(
  grpc: GrpcLike<C>,
  options: GrpcOptions = {},
  // biome-ignore lint/suspicious/noExplicitAny: the options of every version of grpc-js, whatever their types
): (options: any, nextCall: (options: any) => unknown) => C {
  if (typeof grpc?.InterceptingCall !== "function" || typeof grpc.Metadata !== "function")
    throw new TypeError("failfastInterceptor takes grpc-js itself, which has InterceptingCall and Metadata");
  checkObject(options);
  const { name, streams = "first", results = isFailure, ...rest } = options;
  checkName(name);
  if (streams !== "first" && streams !== "end")
    throw new TypeError(`streams is ${String(streams)}: it takes "first" or "end"`);
  const circuitOf = circuitsNamed(name ?? serviceOf, rest as ClientOptions, {
    results: (status: GrpcStatus) => results(status),
    exceptions: (error) => !isFailfastError(error),
    retryAfter: { from: pushback },
  });
  return (asked: Method, nextCall) => {
    const { path, responseStream } = asked.method_definition;
    const next = nextCall(asked) as Call;
    const guarded = new GuardedCall(next, asked, responseStream && streams === "first", results);
    const call = new grpc.InterceptingCall(
      next as never,
      {
        start(metadata: unknown, listener: Listener, start: Next) {
          guarded.listener = listener;
          const its = circuitOf(path);
          reported(its, {
            start(report) {
              if (guarded.ended) {
                report.left();
                return;
              }
              if (responseStream) guarded.silence = watchSilence(its, ({ error }) => silent(its, error));
              start(metadata, guarded.started(report));
            },
            rejected(error) {
              const said = new grpc.Metadata();
              const rejection = rejectionIn(error);
              if (rejection !== undefined) said.set("retry-after", String(rejection.retryAfter));
              const code = rejection === undefined ? INTERNAL : UNAVAILABLE;
              // The rejection's other fields are copied to the error that the caller gets.
              guarded.end({
                code,
                details: (error as Error).message,
                metadata: said,
                cause: error,
              } as GrpcStatus);
            },
            late: (error) => next.cancelWithStatus(DEADLINE_EXCEEDED, (error as Error).message),
          });
        },
        cancel(cancel: () => void) {
          guarded.cancelled(new grpc.Metadata());
          cancel();
        },
      } as never,
    );
    guarded.answerWrites(call as unknown as Call);
    guarded.watchReads(call as unknown as Call);
    return call;

    /** Its first message may have counted as a success. A silence after that is a failure of its own. */
    function silent(its: Circuit, error: TimeoutError): void {
      next.cancelWithStatus(DEADLINE_EXCEEDED, error.message);
      if (streams === "first" && its.state === "closed")
        its.run(() => Promise.reject(error)).catch(() => undefined);
    }
  };
}

function isFailure({ code, metadata }: GrpcStatus): boolean {
  return FAILURES.has(code) || (code === RESOURCE_EXHAUSTED && pushback({ metadata }) !== undefined);
}

/** After how many seconds the server wants to be called again. */
function pushback(status: unknown): number | undefined {
  const { metadata } = (status ?? {}) as { metadata?: GrpcMetadata };
  const ms = Number.parseInt(String(metadata?.get("grpc-retry-pushback-ms")[0]), 10);
  return ms >= 0 ? ms / 1_000 : undefined;
}

/** `/sales.v1.Invoices/List` is a method of `sales.v1.Invoices`. */
const serviceOf = (path: string): string => path.split("/")[1] ?? path;

/** What grpc-js says about a call that it didn't send: the caller's own mistake, or its own channel or credentials. */
const NOT_SENT = new RegExp(
  [
    "^Request message serialization failure",
    "^Attempted to send message with a size larger than ",
    "^Channel closed before call started",
    '^"authorization" metadata ',
    "^Failed to parse |^Unrecognized scheme ",
    "Getting metadata from plugin failed with error",
  ].join("|"),
);

class GuardedCall {
  listener: Listener | undefined;
  /** The caller has its status. */
  ended = false;
  silence: Silence | undefined;
  #begun = false;
  readonly #next: Call;
  readonly #parent: Method["parent"];
  /** Its caller had no time left when it asked. */
  readonly #tooLate: boolean;
  readonly #firstCounts: boolean;
  readonly #failed: (status: GrpcStatus) => boolean;
  #report: Report | undefined;
  #cancelled = false;
  #writing: Context | undefined;

  constructor(
    next: Call,
    { parent, deadline }: Method,
    firstCounts: boolean,
    failed: (status: GrpcStatus) => boolean,
  ) {
    this.#next = next;
    this.#parent = parent;
    this.#tooLate = [deadline, parent?.getDeadline?.()].some((end) => Number(end) <= Date.now());
    this.#firstCounts = firstCounts;
    this.#failed = failed;
  }

  /** The listener of a call that is made. */
  started(report: Report): Listener {
    this.#report = report;
    const listener = this.listener as Listener;
    return {
      onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
      onReceiveMessage: (message) => {
        this.silence?.rest();
        this.#begun = true;
        if (this.#firstCounts && message !== null) report.returned(OK);
        listener.onReceiveMessage(message);
      },
      onReceiveStatus: (status) => {
        this.silence?.end();
        this.#judge(report, status);
        listener.onReceiveStatus(status);
      },
    };
  }

  #judge(report: Report, status: GrpcStatus): void {
    const { code, details } = status;
    // Cancelled on this side, or never sent: it says nothing about the server.
    if (
      this.#cancelled ||
      this.#parent?.cancelled ||
      (this.#tooLate && code === DEADLINE_EXCEEDED) ||
      NOT_SENT.test(details)
    )
      report.left();
    // As an error, so that other hosts don't learn of a time-out that this process itself caused.
    else if (code === DEADLINE_EXCEEDED && this.#failed(status)) report.threw(new TimeoutError(details));
    else report.returned(status);
  }

  /** Ends a call that is not made. */
  end(status: GrpcStatus): void {
    if (this.ended) return;
    this.ended = true;
    // It was never started, and this is the only way to clear its timer.
    this.#next.cancelWithStatus(CANCELLED, status.details);
    this.#writing?.callback?.();
    this.listener?.onReceiveStatus(status);
  }

  /** Its caller cancels it, perhaps before it is made. */
  cancelled(metadata: GrpcMetadata): void {
    this.#cancelled = true;
    if (this.#report === undefined) this.end({ code: CANCELLED, details: "Cancelled on client", metadata });
  }

  /** After its first message the stream counts as silent only while the next message is requested. */
  watchReads(call: Call): void {
    const read = call.startRead.bind(call);
    call.startRead = () => {
      if (this.#begun) this.silence?.wait();
      read();
    };
  }

  /** Messages written to a call that is not made are dropped, so that nobody waits for them. */
  answerWrites(call: Call): void {
    const send = call.sendMessageWithContext.bind(call);
    call.sendMessageWithContext = (context, message) => {
      if (this.ended) {
        context.callback?.();
        return;
      }
      this.#writing = context;
      send(context, message);
    };
  }
}

const OK = { code: 0, details: "OK" };

import { type Circuit, watchSilence } from "../api/circuit.js";
import { reported } from "../call/reported-call.js";
import { isRejectionAlone, rejectionIn } from "../errors/failfast-error.js";
import type { TimeoutError } from "../errors/timeout-error.js";
import { checkObject } from "../options/check-options.js";
import {
  CANCELLED,
  type Call,
  DEADLINE_EXCEEDED,
  type GrpcMetadata,
  type GrpcStatus,
  GuardedCall,
  type Listener,
  type Method,
} from "./grpc-call.js";
import { type ClientOptions, checkName, circuitsNamed } from "./named.js";

export type { GrpcMetadata, GrpcStatus } from "./grpc-call.js";

/** The options of the interceptor: those of its circuits, and these. */
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

/** The part of `@grpc/grpc-js` that is used. */
export interface GrpcLike<C> {
  readonly InterceptingCall: new (nextCall: never, requester?: never) => C;
  readonly Metadata: new () => GrpcMetadata;
}

type Next = (metadata: unknown, listener: Listener) => void;

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
    exceptions: (error) => !isRejectionAlone(error),
    retryAfter: { from: pushback },
  });
  return (method: Method, nextCall) => {
    const { path, responseStream } = method.method_definition;
    const next = nextCall(method) as Call;
    const guarded = new GuardedCall(next, method, responseStream && streams === "first", results);
    const call = new grpc.InterceptingCall(
      next as never,
      {
        start(metadata: unknown, listener: Listener, start: Next) {
          guarded.listener = listener;
          const circuit = circuitOf(path);
          reported(circuit, {
            start(report) {
              if (guarded.ended) {
                report.left();
                return;
              }
              if (responseStream)
                guarded.silence = watchSilence(circuit, ({ error }) => silent(circuit, error));
              start(metadata, guarded.started(report));
            },
            rejected(error) {
              const retryAfter = new grpc.Metadata();
              const rejection = rejectionIn(error);
              if (rejection !== undefined) retryAfter.set("retry-after", String(rejection.retryAfter));
              const code = rejection === undefined ? INTERNAL : UNAVAILABLE;
              // The rejection's other fields are copied to the error that the caller gets.
              guarded.end({
                code,
                details: (error as Error).message,
                metadata: retryAfter,
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
    function silent(circuit: Circuit, error: TimeoutError): void {
      next.cancelWithStatus(DEADLINE_EXCEEDED, error.message);
      if (streams === "first" && circuit.state === "closed")
        circuit.run(() => Promise.reject(error)).catch(() => undefined);
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

import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  type NestInterceptor,
  type Type,
} from "@nestjs/common";
import { Observable } from "rxjs";
import type { Circuit, Circuits, Duration, Failfast, FailfastOptions } from "../../index.js";
import { lenient } from "../../options/options.js";
import { Declaration, declare } from "./declaration.js";
import { FAILFAST } from "./tokens.js";

/**
 * An interceptor that guards a handler, or all handlers of a controller. When five requests in a row have failed or
 * were too slow, the next ones are rejected at once; `threshold`, `failureRate` or `consecutive` change that. It takes
 * what `@Failfast` takes. In place of the name it also takes a function of the execution context, for a circuit of each
 * handler, tenant or host. The handler's values are passed on as they come. Their end is the end of the call, and
 * `results` judges the last value. In a route of server-sent events (`@Sse`) the first value is both.
 *
 * ```ts
 * @UseInterceptors(FailfastInterceptor("reports", 30, { slowCall: "2s" }))
 * ```
 */
export function FailfastInterceptor(
  name: string | ((context: ExecutionContext) => string),
  timeout?: Duration,
  options?: FailfastOptions,
): Type<NestInterceptor> {
  const declaration = new Declaration(name, timeout, lenient(options ?? {}));
  class CircuitInterceptor implements NestInterceptor {
    readonly #circuit: Circuit | Circuits;

    constructor(failfast: Failfast) {
      this.#circuit = declaration.circuit(failfast);
    }

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      const circuit = "for" in this.#circuit ? this.#circuit.for(context) : this.#circuit;
      return guard(circuit, next, isEventStream(context));
    }
  }
  Inject(FAILFAST)(CircuitInterceptor, undefined, 0);
  declare(CircuitInterceptor.prototype, declaration);
  return CircuitInterceptor;
}

/** Whether Nest's `@Sse` marks the handler: its values may come for hours. */
function isEventStream(context: ExecutionContext): boolean {
  const { getMetadata } = Reflect as { getMetadata?(key: string, target: unknown): unknown };
  const handler: unknown = context.getHandler?.();
  return typeof handler === "function" && getMetadata?.("__sse__", handler) === true;
}

/**
 * Passes the handler's values through the circuit. If a subscriber unsubscribes, it has given up, which counts as
 * neither.
 */
function guard(circuit: Circuit, next: CallHandler, endsWithFirst: boolean): Observable<unknown> {
  return new Observable((subscriber) => {
    const caller = new AbortController();
    const { signal } = caller;
    let made = false;
    let over = false;
    let values: { unsubscribe(): void } | undefined;
    /** It has counted with its first value, and goes on. */
    let counted = false;
    circuit
      .run(
        (given) =>
          new Promise((resolve, reject) => {
            made = true;
            let last: unknown;
            values = next.handle().subscribe({
              next(value) {
                last = value;
                subscriber.next(value);
                counted = endsWithFirst;
                if (counted) resolve(value);
              },
              error(error) {
                if (counted) subscriber.error(error);
                else reject(error);
              },
              complete() {
                if (counted) subscriber.complete();
                else resolve(last);
              },
            });
            const stop = (): void => {
              values?.unsubscribe();
              reject((given as AbortSignal).reason);
            };
            // The subscriber may have left with the first value, while it was still subscribing.
            if ((given as AbortSignal).aborted) stop();
            else (given as AbortSignal).addEventListener("abort", stop);
          }),
        { signal },
      )
      .then(
        (value) => {
          over = true;
          // The values of the fallback, in place of the handler's.
          if (!made) subscriber.next(value);
          if (!counted) subscriber.complete();
        },
        (error) => {
          over = true;
          subscriber.error(error);
        },
      );
    return () => {
      if (over) values?.unsubscribe();
      else caller.abort();
    };
  });
}

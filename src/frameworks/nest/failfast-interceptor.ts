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
 * `results` judges the last value.
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
      return guard("for" in this.#circuit ? this.#circuit.for(context) : this.#circuit, next);
    }
  }
  Inject(FAILFAST)(CircuitInterceptor, undefined, 0);
  declare(CircuitInterceptor.prototype, declaration);
  return CircuitInterceptor;
}

/**
 * Passes the handler's values through the circuit. If a subscriber unsubscribes, it has given up, which counts as
 * neither.
 */
function guard(circuit: Circuit, next: CallHandler): Observable<unknown> {
  return new Observable((subscriber) => {
    const caller = new AbortController();
    const { signal } = caller;
    let made = false;
    let over = false;
    circuit
      .run(
        (given) =>
          new Promise((resolve, reject) => {
            made = true;
            let last: unknown;
            const values = next.handle().subscribe({
              next(value) {
                last = value;
                subscriber.next(value);
              },
              error: reject,
              complete: () => resolve(last),
            });
            const stop = (): void => {
              values.unsubscribe();
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
          subscriber.complete();
        },
        (error) => {
          over = true;
          subscriber.error(error);
        },
      );
    return () => {
      if (!over) caller.abort();
    };
  });
}

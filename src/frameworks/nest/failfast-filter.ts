import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from "@nestjs/common";
import { HttpAdapterHost } from "@nestjs/core";
import { type Observable, throwError } from "rxjs";
import { rejectionIn } from "../../errors/failfast-error.js";
import { type FailfastError, isFailfastError } from "../../index.js";
import { answerTo } from "../answer.js";
import { statusOf } from "./failures.js";

/**
 * What `@Catch` compares with: a rejection, also behind a client's error, unless the application has made an answer of
 * it.
 */
// biome-ignore lint/complexity/noStaticOnlyClass: Nest takes a class, and asks it with `instanceof`
class Rejection {
  static [Symbol.hasInstance](error: unknown): boolean {
    return statusOf(error) === undefined && isFailfastError(error);
  }
}

/**
 * Answers what an open circuit rejected. Over HTTP: 503, `Retry-After` and a problem document (RFC 9457), on Express
 * and Fastify alike. In a microservice and a gateway: the same fields. `FailfastModule` registers it before any filter
 * of the application, so that those take precedence.
 */
export class FailfastFilter implements ExceptionFilter {
  readonly #host: HttpAdapterHost;

  constructor(host: HttpAdapterHost) {
    this.#host = host;
  }

  catch(exception: unknown, host: ArgumentsHost): Observable<never> | undefined {
    const error = rejectionIn(exception) as FailfastError;
    switch (host.getType<string>()) {
      case "http":
        this.#answer(error, host.getArgByIndex(1));
        return undefined;
      case "rpc":
        return throwError(() => fieldsOf(error));
      case "ws":
        emitTo(host.switchToWs().getClient(), fieldsOf(error));
        return undefined;
      default:
        // A GraphQL server, for example, reads what it needs from the error itself.
        return undefined;
    }
  }

  #answer(error: FailfastError, response: unknown): void {
    // A call without a request, in a context that claims to be HTTP.
    if (typeof response !== "object" || response === null) return;
    const { httpAdapter } = this.#host;
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response);
      return;
    }
    const { status, headers, body } = answerTo(error);
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value);
    // As text: Nest 11 would report the content type of an object as a mistake.
    httpAdapter.reply(response, body, status);
  }
}
Catch(Rejection)(FailfastFilter);
Inject(HttpAdapterHost)(FailfastFilter, undefined, 0);

function fieldsOf({ message, code, circuit, retryAfter }: FailfastError): object {
  return { status: "error", message, code, circuit, retryAfter };
}

/** In the form in which Nest's own filter of gateways tells its clients. */
function emitTo(client: { emit?(event: string, message: object): void }, message: object): void {
  client.emit?.("exception", message);
}

import { type Report, reported } from "../call/reported-call.js";
import { type FailfastError, rejectionIn } from "../errors/failfast-error.js";
import { TimeoutError } from "../errors/timeout-error.js";
import { answerTo } from "./answer.js";
import { type EndingResponse, endingOf, isOver } from "./node-ending.js";
import { isPreflight, isWebSocket, readHead } from "./node-request.js";
import type { Route } from "./route.js";

/** The part of Node's `ServerResponse` that is used, or of its counterpart in HTTP/2. */
export interface NodeResponse extends EndingResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  getHeader(name: string): unknown;
  once(event: "close" | "finish", listener: () => void): unknown;
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  end(body: string): unknown;
}

/** One request on its way through a guard. */
export interface Passage {
  /** The circuit admits it: the request goes on to the route. */
  go(): void;
  /** The circuit rejects it, or it is late; nothing has been answered yet. */
  stop(error: FailfastError | TimeoutError): void;
  /** The guard itself failed: an error of the application. */
  fail(error: unknown): void;
  /** A header of the answer, if the response itself does not have it. */
  header?(name: string): unknown;
  /** What the route threw, if the framework reports it. */
  error?: unknown;
  /**
   * Receives what the route threw, even after its answer has begun. `unanswered`: the framework won't answer it. Set
   * once the request is admitted.
   */
  threw?(error: unknown, unanswered?: boolean): void;
  /** The error with which the answer's stream broke off, if the response does not know it. */
  broke?: unknown;
}

/** Guards a route that answers through Node's response. The end of the response is the outcome. */
export function guardNode(route: Route, response: NodeResponse, passage: Passage): void {
  if (isPreflight(response.req)) {
    passage.go();
    return;
  }
  reported(route.circuit, {
    start(report) {
      watch(route, response, report, passage);
      passage.go();
    },
    rejected(error) {
      const rejection = rejectionIn(error);
      if (rejection === undefined) passage.fail(error);
      else passage.stop(rejection);
    },
    late: (error) => {
      if (error instanceof TimeoutError) passage.stop(error);
    },
  });
}

function watch(route: Route, response: NodeResponse, report: Report, passage: Passage): void {
  // Its client has left while middleware before this one was at work.
  if (isOver(response) || isWebSocket(response.req)) report.left();
  const header = readHead(response, () => answered());
  const answered = (): void => {
    const retryAfter = passage.header?.("retry-after") ?? header("retry-after");
    route.answered(report, response.statusCode, retryAfter, passage.error);
  };
  const end = (): void => {
    const ending = endingOf(response);
    const broke = ending instanceof Error ? ending : passage.broke;
    if (ending === "sent") answered();
    else if (broke) report.threw(broke);
    else report.left();
  };
  passage.threw = (error, unanswered) => {
    passage.error = error;
    if ((unanswered || response.headersSent) && response.writableEnded !== true) report.threw(error);
  };
  // A response of HTTP/2 says it also where its client left.
  if (response.stream === undefined) response.once("finish", answered);
  response.once("close", end);
}

/** Answers in place of the route, unless an answer has already begun. */
export function answer(response: NodeResponse, error: FailfastError | TimeoutError): void {
  if (response.headersSent) return;
  const { status, headers, body } = answerTo(error);
  response.writeHead(status, headers);
  response.end(body);
}

/** Runs a callback of the app. If it throws, or its promise rejects, the error goes where errors go. */
export function attempt(callback: () => unknown, failed: (error: unknown) => void): void {
  new Promise((resolve) => resolve(callback())).catch(failed);
}

import { type Report, reported } from "../call/report.js";
import { type FailfastError, rejectionIn } from "../errors/failfast-error.js";
import { TimeoutError } from "../errors/timeout-error.js";
import { answerTo } from "./answer.js";
import type { Route } from "./route.js";

/** What is used of Node's `ServerResponse`. */
export interface NodeResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  readonly writableFinished: boolean;
  readonly errored?: unknown;
  getHeader(name: string): unknown;
  once(event: "close" | "finish", listener: () => void): unknown;
  writeHead(status: number, headers: Readonly<Record<string, string>>): { end(body: string): unknown };
}

/** One request on its way through a guard. */
export interface Passage {
  /** It is admitted: goes on to the route. */
  go(): void;
  /** It is rejected, or late: nothing has been answered. */
  stop(error: FailfastError | TimeoutError): void;
  /** The guard itself failed: an error of the application. */
  fail(error: unknown): void;
  /** A header of the answer, where the response itself does not have it. */
  header?(name: string): unknown;
  /** What the route threw, where the framework tells of it. */
  error?: unknown;
  /** What the stream that it answers with broke off with, where the response does not know it. */
  broke?: unknown;
}

/** Guards what answers through a response of Node's: the outcome is told by its end. */
export function guardNode(route: Route, response: NodeResponse, passage: Passage): void {
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
  const end = (): void => {
    const retryAfter = passage.header?.("retry-after") ?? response.getHeader("retry-after");
    route.answered(report, response.statusCode, retryAfter, passage.error);
  };
  response.once("finish", end);
  response.once("close", () => {
    const broke = response.errored ?? passage.broke;
    if (response.writableFinished) end();
    // The route broke off what it had begun, or the client has gone.
    else if (broke) report.threw(broke);
    else report.left();
  });
}

/** Answers in place of the route, unless something is on its way already. */
export function answer(response: NodeResponse, error: FailfastError | TimeoutError): void {
  if (response.headersSent) return;
  const { status, headers, body } = answerTo(error);
  response.writeHead(status, headers).end(body);
}

/** Runs a callback of the app's; what it throws, or rejects with, goes where errors go. */
export function attempt(callback: () => unknown, failed: (error: unknown) => void): void {
  new Promise((resolve) => resolve(callback())).catch(failed);
}

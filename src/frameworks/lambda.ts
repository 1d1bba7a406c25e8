import { rejectionIn } from "../errors/failfast-error.js";
import { type Duration, type Failfast, failfast as shared } from "../index.js";
import { checkCallable, checkKnown, checkObject } from "../options/check-options.js";
import { milliseconds } from "../options/duration.js";
import { keepAlive } from "../runtime/keep-alive.js";
import { systemClock } from "../runtime/system-clock.js";
import { type Answer, answerTo } from "./answer.js";
import { type BatchOptions, type BatchResponse, handleBatch } from "./lambda-batch.js";
import { isResponseStream, streamAnswer, watchWrites } from "./lambda-stream.js";

export type { BatchOptions, BatchResponse } from "./lambda-batch.js";

/** The options of `withFailfast` and `failfastMiddleware`. */
export interface LambdaOptions {
  /** The `failfast` whose circuits they are. Default: the shared one. */
  readonly failfast?: Failfast;
  /** How long an invocation waits, at most, to learn the fleet's state. Default: 250 ms. */
  readonly readyWithin?: Duration;
  /** How long an answer waits, at most, for pending writes to the fleet. Default: 1 s. */
  readonly settledWithin?: Duration;
}

/** The part of an invocation's context that is used. */
export interface LambdaContext {
  getRemainingTimeInMillis?(): number;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the events and answers of the function are
type Handler<E, C, R> = (event: E, context: C, ...more: any[]) => Promise<R>;

/**
 * A handler of AWS Lambda, or of a similar platform, that shares its circuits with the fleet.
 *
 * ```ts
 * export const handler = withFailfast(async (event) => salesApi(event.customer));
 * ```
 *
 * Before an invocation, on a cold start or after the process was frozen, it reads which circuits are open. Before the
 * answer it writes what this invocation has to tell the fleet, since the process is frozen after that. Neither waits if
 * there is nothing to read or write. If a circuit rejects an HTTP request, the answer is 503 with `Retry-After`; for
 * any other event the `FailfastError` is thrown. A handler that streams its response may be marked before or after.
 *
 * @throws {TypeError} anything that is not a function, or a wrong option.
 * @throws {RangeError} a time out of range.
 */
export function withFailfast<E, C, R>(
  handler: Handler<E, C, R>,
  options: LambdaOptions = {},
): Handler<E, C, R> {
  checkCallable(handler, "withFailfast takes a handler");
  const around = aroundInvocations(options);
  const guarded: Handler<E, C, R> = async (event, context, ...more) => {
    const stream = isResponseStream(context) ? context : undefined;
    const begun = stream && watchWrites(stream);
    await around.ready();
    try {
      return await handler(event, context, ...more);
    } catch (error) {
      if (stream === undefined) return resultOf(answerOver(event, error)) as R;
      if (begun?.() || !streamAnswer(stream, answerOver(event, error))) throw error;
      return undefined as R;
    } finally {
      await around.settled((stream === undefined ? context : more[0]) as LambdaContext | undefined);
    }
  };
  // The platform marks handlers that stream.
  return Object.assign(guarded, handler);
}

/**
 * A handler for a batch of messages from SQS, Kinesis or DynamoDB streams. It reports which of them have to come again
 * (`ReportBatchItemFailures`): those that failed, and those whose call a circuit rejected.
 *
 * ```ts
 * export const handler = failfastBatch(async (record) => salesApi(JSON.parse(record.body)));
 * ```
 *
 * It handles one message after the other, so that once a circuit has opened, the remaining messages make no call. In a
 * stream, and in a group of a FIFO queue, nothing is begun after a message that has to come again, so that the order is
 * kept.
 *
 * @throws {TypeError} anything that is not a function, or a wrong option.
 */
export function failfastBatch<Record extends object, C>(
  handle: (record: Record, context: C) => Promise<unknown>,
  options: LambdaOptions & BatchOptions<Record> = {},
): Handler<{ readonly Records: readonly Record[] }, C, BatchResponse> {
  checkCallable(handle, "failfastBatch takes a handler of one record");
  checkObject(options);
  const { delay, ...rest } = options;
  return withFailfast(
    ({ Records }, context: C) => handleBatch(Records, (record) => handle(record, context), delay),
    rest,
  );
}

/** What middy passes to its middleware. */
interface MiddyRequest {
  readonly event: unknown;
  readonly context: unknown;
  response?: unknown;
  error?: unknown;
}

/** Middleware for middy that does what `withFailfast` does: `middy(handler).use(failfastMiddleware())`. */
export function failfastMiddleware(options: LambdaOptions = {}): {
  before(request: MiddyRequest): Promise<void>;
  after(request: MiddyRequest): Promise<void>;
  onError(request: MiddyRequest): Promise<void>;
} {
  const around = aroundInvocations(options);
  return {
    before: () => around.ready(),
    after: ({ context }) => around.settled(context as LambdaContext | undefined),
    async onError(request) {
      await around.settled(request.context as LambdaContext | undefined);
      const { event, error, response } = request;
      if ((response ?? undefined) === undefined && isHttp(event) && rejectionIn(error) !== undefined)
        request.response = resultOf(answerOver(event, error));
    },
  };
}

function aroundInvocations(options: LambdaOptions) {
  checkKnown(options, ["failfast", "readyWithin", "settledWithin"]);
  const { failfast = shared, readyWithin = "250ms", settledWithin = "1s" } = options;
  const readyMs = milliseconds("readyWithin", readyWithin);
  const settledMs = milliseconds("settledWithin", settledWithin);
  return {
    async ready() {
      // Within one turn of the event loop it receives what was pushed while it was frozen.
      await within(1, new Promise(() => undefined));
      await within(readyMs, failfast.ready());
    },
    settled(context: LambdaContext | undefined) {
      // It has to answer before its own time is over.
      const leftMs = (context?.getRemainingTimeInMillis?.() ?? Infinity) - SPARE_MS;
      return within(Math.max(Math.min(settledMs, leftMs), 0), failfast.settled());
    },
  };
}

/** The answer itself needs some time, in ms. */
const SPARE_MS = 50;

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let cancel = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    cancel = systemClock.after(ms, resolve, true);
  });
  await keepAlive(Promise.race([work.catch(() => undefined), over])).finally(cancel);
}

/** From API Gateway, a function URL, or a load balancer. */
function isHttp(event: unknown): boolean {
  return (event as { requestContext?: unknown } | null | undefined)?.requestContext !== undefined;
}

function answerOver(event: unknown, error: unknown): Answer {
  const rejection = rejectionIn(error);
  if (rejection === undefined || !isHttp(event)) throw error;
  return answerTo(rejection);
}

const resultOf = ({ status: statusCode, headers, body }: Answer): object => ({
  statusCode,
  headers,
  body,
  isBase64Encoded: false,
});

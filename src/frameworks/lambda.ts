import { rejectionIn } from "../errors/failfast-error.js";
import { type Duration, type Failfast, failfast as shared } from "../index.js";
import { checkObject } from "../options/check-options.js";
import { milliseconds } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import { keepAlive } from "../runtime/keep-alive.js";
import { systemClock } from "../runtime/system-clock.js";
import { answerTo } from "./answer.js";
import { type BatchOptions, type BatchResponse, handleBatch } from "./lambda-batch.js";

export type { BatchOptions, BatchResponse } from "./lambda-batch.js";

export interface LambdaOptions {
  /** Whose circuits they are. Default: the shared `failfast`. */
  readonly failfast?: Failfast;
  /** How long an invocation waits, at most, to learn what the fleet knows. Default: 250 ms. */
  readonly readyWithin?: Duration;
  /** How long an answer waits, at most, for what this one has to tell the fleet. Default: 1 s. */
  readonly settledWithin?: Duration;
}

/** What is used of an invocation's context. */
export interface LambdaContext {
  getRemainingTimeInMillis?(): number;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the events and answers of the function are
type Handler<E, C, R> = (event: E, context: C, ...more: any[]) => Promise<R>;

/**
 * A handler of AWS Lambda, or of what calls functions alike, whose circuits are those of the fleet.
 *
 * ```ts
 * export const handler = withFailfast(async (event) => salesApi(event.customer));
 * ```
 *
 * Before an invocation, on a cold start or after the process was frozen, it learns which circuits are open; before the
 * answer it writes what this invocation has to tell, since the process is frozen with it. Neither waits where nothing
 * is to be read or written. A request over HTTP that a circuit rejects is answered with 503 and `Retry-After`; of any
 * other event the `FailfastError` is thrown.
 *
 * @throws {TypeError} what is no function, or a wrong option.
 * @throws {RangeError} a time out of range.
 */
export function withFailfast<E, C, R>(
  handler: Handler<E, C, R>,
  options: LambdaOptions = {},
): Handler<E, C, R> {
  if (typeof handler !== "function")
    throw new TypeError(`withFailfast takes a handler; this is ${formatValue(handler)}`);
  const around = aroundInvocations(options);
  return async (event, context, ...more) => {
    await around.ready();
    try {
      return await handler(event, context, ...more);
    } catch (error) {
      return answerOver(event, error) as R;
    } finally {
      await around.settled(context as LambdaContext | undefined);
    }
  };
}

/**
 * A handler of a batch of messages, of SQS, Kinesis or DynamoDB's streams, that says which of them are to come again
 * (`ReportBatchItemFailures`): those that failed, and those whose call a circuit rejected.
 *
 * ```ts
 * export const handler = failfastBatch(async (record) => salesApi(JSON.parse(record.body)));
 * ```
 *
 * One after the other, so that those behind the one that opens a circuit make no call. In a stream, and in a group of a FIFO
 * queue, what comes after one that is to come again isn't begun, so that the order holds.
 *
 * @throws {TypeError} what is no function, or a wrong option.
 */
export function failfastBatch<Record extends object, C>(
  handle: (record: Record, context: C) => Promise<unknown>,
  options: LambdaOptions & BatchOptions<Record> = {},
): Handler<{ readonly Records: readonly Record[] }, C, BatchResponse> {
  if (typeof handle !== "function")
    throw new TypeError(`failfastBatch takes a handler of one record; this is ${formatValue(handle)}`);
  checkObject(options);
  const { delay, ...rest } = options;
  return withFailfast(
    ({ Records }, context: C) => handleBatch(Records, (record) => handle(record, context), delay),
    rest,
  );
}

/** What middy gives its middleware. */
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
        request.response = answerOver(event, error);
    },
  };
}

function aroundInvocations(options: LambdaOptions) {
  checkObject(options);
  const { failfast = shared, readyWithin = "250ms", settledWithin = "1s" } = options;
  const readyMs = milliseconds("readyWithin", readyWithin);
  const settledMs = milliseconds("settledWithin", settledWithin);
  return {
    async ready() {
      // In one turn of the event loop it hears what was pushed while it was frozen.
      await within(1, new Promise(() => undefined));
      await within(readyMs, failfast.ready());
    },
    settled(context: LambdaContext | undefined) {
      // It is to answer before its own time is over.
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

/** Of API Gateway, a function's URL, or a load balancer. */
function isHttp(event: unknown): boolean {
  return (event as { requestContext?: unknown } | null | undefined)?.requestContext !== undefined;
}

function answerOver(event: unknown, error: unknown): unknown {
  const rejection = rejectionIn(error);
  if (rejection === undefined || !isHttp(event)) throw error;
  const { status: statusCode, headers, body } = answerTo(rejection);
  return { statusCode, headers, body, isBase64Encoded: false };
}

import type { Caller } from "../call/reported-call.js";
import { iterate, type StreamSource } from "../call/stream-source.js";

/** An answer with a body that the caller reads, item by item. */
export interface Bodied<A> {
  /** Gives the answer, before anyone has read its body. */
  send(signal: unknown): Promise<A>;
  /** Its status makes it a failure, whatever its body is. */
  failed(answer: A): boolean;
  bodyOf(answer: A): StreamSource<unknown> | null | undefined;
  /** The same answer with another body. */
  withBody(answer: A, items: Items): A;
  /** The call has ended, and its body, if it has one. May be called again. */
  over?(): void;
}

export type Items = AsyncGenerator<unknown, void, undefined>;

interface Streams {
  stream(
    fn: (signal: unknown) => Promise<AsyncIterable<unknown>>,
    options: { signal?: unknown },
  ): AsyncGenerator<unknown, void, undefined>;
}

/** The circuit's verdict waits for the end of the body: the answer itself is the first item. */
export async function untilBodyEnds<A>(circuit: object, caller: Caller, call: Bodied<A>): Promise<A> {
  let admitted = false;
  const items = (circuit as Streams).stream(
    async (signal) => {
      admitted = true;
      return answerAndBody(await call.send(signal), call);
    },
    { signal: caller },
  );
  if (call.over !== undefined) tellEnd(items, call.over);
  const { value } = await items.next();
  const answer = value as A;
  if (!admitted) {
    // It is the fallback's own answer.
    await items.return(undefined);
    return answer;
  }
  if (call.failed(answer)) {
    // The caller may read its body unchanged; the circuit has its verdict.
    await items.next().catch(() => undefined);
    return answer;
  }
  const body = call.bodyOf(answer);
  if (body === null || body === undefined) {
    await items.next();
    return answer;
  }
  return call.withBody(answer, items);
}

/** Its reader may use nothing but these two methods. */
function tellEnd(items: Items, over: () => void): void {
  const next = items.next.bind(items);
  const end = items.return.bind(items);
  items.next = async () => {
    try {
      const item = await next();
      if (item.done) over();
      return item;
    } catch (error) {
      over();
      throw error;
    }
  };
  items.return = (value) => end(value).finally(over);
}

function answerAndBody<A>(answer: A, { failed, bodyOf }: Bodied<A>): AsyncIterableIterator<unknown> {
  // The answer may be replaced by another one.
  const source = bodyOf(answer);
  let answered = false;
  let body: AsyncIterator<unknown> | undefined;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (!answered) {
        answered = true;
        return { done: false, value: answer };
      }
      if (failed(answer)) throw new StatusError(answer);
      if (source === null || source === undefined) return { done: true, value: undefined };
      body ??= iterate(source);
      return body.next();
    },
    async return() {
      await body?.return?.();
      return { done: true, value: undefined };
    },
  };
}

/** Whether it is a stream that can be read into its reader's own buffers. */
export function isOfBytes(body: unknown): boolean {
  try {
    (body as ByteStream).getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

interface ByteStream {
  getReader(options: { readonly mode: "byob" }): { releaseLock(): void };
}

interface StreamController {
  readonly byobRequest?: { respond(bytes: number): void } | null;
  enqueue(chunk: unknown): void;
  close(): void;
}

/**
 * As a `ReadableStream` that reads only as far as its reader does.
 *
 * @param ofBytes it can be read into its reader's own buffers, as can the stream that the items are from.
 */
export function readable(items: Items, ofBytes = false): object {
  const { ReadableStream } = globalThis as unknown as {
    ReadableStream: new (source: object, strategy: object) => object;
  };
  const source = {
    ...(ofBytes && { type: "bytes" }),
    async pull(controller: StreamController) {
      const { done, value } = await items.next();
      if (!done) {
        controller.enqueue(value);
        return;
      }
      controller.close();
      // Somebody waits with a buffer.
      controller.byobRequest?.respond(0);
    },
    async cancel() {
      await items.return(undefined);
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

/** The failure that a bad status is for the circuit. It never reaches a caller. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  /** The response, where `retryAfter` looks for it. */
  readonly response: unknown;

  constructor(response: unknown) {
    super(`status ${(response as { status?: unknown }).status}`);
    this.response = response;
  }
}

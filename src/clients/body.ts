import type { Caller } from "../call/report.js";
import { iterate, type StreamSource } from "../call/stream-source.js";

/** An answer whose body the caller reads, item by item. */
export interface Bodied<A> {
  /** Gives the answer, whose body nobody has read yet. */
  send(signal: unknown): Promise<A>;
  /** Its status fails it, whatever its body is. */
  failed(answer: A): boolean;
  bodyOf(answer: A): StreamSource<unknown> | null | undefined;
  /** The same, with that in place of its body. */
  withBody(answer: A, items: Items): A;
}

export type Items = AsyncGenerator<unknown, void, undefined>;

interface Streams {
  stream(
    fn: (signal: unknown) => Promise<AsyncIterable<unknown>>,
    options: { signal?: unknown },
  ): AsyncGenerator<unknown, void, undefined>;
}

/** The circuit's verdict waits for the end of the body: the first item is the answer itself. */
export async function untilBodyEnds<A>(circuit: object, caller: Caller, call: Bodied<A>): Promise<A> {
  let admitted = false;
  const items = (circuit as Streams).stream(
    async (signal) => {
      admitted = true;
      return answerAndBody(await call.send(signal), call);
    },
    { signal: caller },
  );
  const { value } = await items.next();
  const answer = value as A;
  if (!admitted) {
    // It is the fallback's own.
    await items.return(undefined);
    return answer;
  }
  if (call.failed(answer)) {
    // Its body is the caller's to read, as it is; the circuit has its verdict.
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

function answerAndBody<A>(answer: A, { failed, bodyOf }: Bodied<A>): AsyncIterableIterator<unknown> {
  // The answer may be given another one in its place.
  const source = bodyOf(answer);
  let told = false;
  let body: AsyncIterator<unknown> | undefined;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (!told) {
        told = true;
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

/** As a `ReadableStream`, which reads no further ahead than it is read. */
export function readable(items: Items): object {
  const { ReadableStream } = globalThis as unknown as {
    ReadableStream: new (source: object, strategy: object) => object;
  };
  const source = {
    async pull(controller: { enqueue(chunk: unknown): void; close(): void }) {
      const { done, value } = await items.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await items.return(undefined);
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

/** What a failed status is to the circuit; it reaches no caller. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  /** The response, as `retryAfter` looks for it. */
  readonly response: unknown;

  constructor(response: unknown) {
    super(`status ${(response as { status?: unknown }).status}`);
    this.response = response;
  }
}

import type { Circuit } from "../api/circuit.js";
import type { Caller } from "../call/reported-call.js";

interface Part {
  readonly type: string;
  readonly error?: unknown;
  readonly delta?: unknown;
  /** Its name in version 1 of the specification. */
  readonly textDelta?: unknown;
}

interface Stream {
  getReader(): {
    read(): Promise<{ done: boolean; value?: Part }>;
    cancel(reason?: unknown): Promise<unknown>;
  };
}

interface Streaming {
  readonly stream: Stream;
}

/**
 * Whether a part has no content. Until another part comes, the next model may still be asked. Providers announce a text
 * before its first words, and send an empty one with their role.
 */
const isPreamble = ({ type, delta, textDelta }: Part): boolean =>
  /^raw$|-(start|end|metadata)$/.test(type) || delta === "" || textDelta === "";

/** A stream with a verdict at its end. This resolves when the stream was requested and its first words have come. */
export async function streamed(
  circuit: Circuit,
  caller: Caller,
  open: (signal: unknown) => Promise<Streaming>,
): Promise<Streaming> {
  let opened: Streaming | undefined;
  /** An error that came as a part: the caller gets the part, and for the circuit it is thrown at the end. */
  let failure: { readonly error: unknown } | undefined;
  let source: AsyncIterableIterator<Part[]> | undefined;
  const items = circuit.stream<Part[]>(
    async (signal: unknown) => {
      opened = await open(signal);
      source = partsOf(opened.stream, (error) => {
        failure ??= { error };
      });
      return source;
    },
    { signal: caller as never },
  );
  const start = await items.next();
  const { ReadableStream } = globalThis as unknown as {
    ReadableStream: new (source: object, strategy: object) => Stream;
  };
  interface Controller {
    enqueue(part: Part): void;
    close(): void;
    error(error: unknown): void;
  }
  let ahead: IteratorResult<Part[], void> | undefined = start;
  const stream = new ReadableStream(
    {
      async pull(controller: Controller) {
        try {
          const { done, value } = ahead ?? (await items.next());
          ahead = undefined;
          if (!done) for (const part of value) controller.enqueue(part);
          else controller.close();
        } catch (error) {
          if (failure !== undefined && error === failure.error) controller.close();
          else controller.error(error);
        }
      },
      async cancel() {
        if (failure === undefined) return void (await items.return(undefined));
        // It leaves because the stream has failed, which has ended the stream. The error thrown at the end says so.
        void source?.return?.();
        await items.next().catch(() => undefined);
      },
    },
    { highWaterMark: 0 },
  );
  return { ...(opened as Streaming), stream };
}

/** Its parts, including those before the first words. An error that comes as a part is thrown at the end. */
function partsOf(stream: Stream, tell: (error: unknown) => void): AsyncIterableIterator<Part[]> {
  const reader = stream.getReader();
  let begun = false;
  let failed: { readonly error: unknown } | undefined;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const parts: Part[] = [];
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const part = value as Part;
        if (part.type === "error") {
          if (!begun) throw part.error;
          failed ??= { error: part.error };
          tell(part.error);
        }
        parts.push(part);
        if (begun || !isPreamble(part)) {
          begun = true;
          return { done: false, value: parts };
        }
      }
      begun = true;
      if (parts.length > 0) return { done: false, value: parts };
      if (failed !== undefined) throw failed.error;
      return { done: true, value: undefined };
    },
    async return() {
      await reader.cancel().catch(() => undefined);
      return { done: true, value: undefined };
    },
  };
}

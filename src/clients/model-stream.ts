import type { Circuit } from "../api/circuit.js";
import type { Caller } from "../call/report.js";

interface Part {
  readonly type: string;
  readonly error?: unknown;
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

/** Parts that say nothing yet: until another one comes the next model may be asked. */
const PREAMBLE: ReadonlySet<string> = new Set(["stream-start", "response-metadata", "raw"]);

/** A stream with a verdict at its end. It is asked for, and its first words are waited for, before this resolves. */
export async function streamed(
  circuit: Circuit,
  caller: Caller,
  open: (signal: unknown) => Promise<Streaming>,
): Promise<Streaming> {
  let opened: Streaming | undefined;
  /** An error that came as a part: the caller has it as such, and the circuit as what is thrown at the end. */
  let told: { readonly error: unknown } | undefined;
  const items = circuit.stream<Part[]>(
    async (signal: unknown) => {
      opened = await open(signal);
      const { stream } = opened;
      return (async function* () {
        const reader = stream.getReader();
        let over = false;
        let head: Part[] | undefined = [];
        try {
          for (;;) {
            const { done, value } = await reader.read();
            over = done;
            if (done) break;
            const part = value as Part;
            if (part.type === "error") {
              if (head !== undefined) throw part.error;
              told ??= { error: part.error };
            }
            if (head === undefined) yield [part];
            else {
              head.push(part);
              if (PREAMBLE.has(part.type)) continue;
              yield head;
              head = undefined;
            }
          }
        } finally {
          if (!over) await reader.cancel().catch(() => undefined);
        }
        if (head !== undefined) yield head;
        if (told !== undefined) throw told.error;
      })();
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
          if (told !== undefined && error === told.error) controller.close();
          else controller.error(error);
        }
      },
      async cancel() {
        await items.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  return { ...(opened as Streaming), stream };
}

import { formatValue } from "../options/format-value.js";

/** A source that can be read to its end, item by item. */
export type StreamSource<T> = AsyncIterable<T> | { getReader(): Reader<T> };

interface Reader<T> {
  read(): Promise<{ done: boolean; value?: T | undefined }>;
  cancel(reason?: unknown): Promise<unknown>;
}

/** What the function gave is no stream: a mistake in the program, which says nothing about the backend. */
export class NoStreamError extends TypeError {
  override readonly name = "TypeError";

  constructor(given: unknown, more = "") {
    super(
      `stream() takes a function that gives an async iterable or a ReadableStream, or a promise of one; it gave ${formatValue(given)}${more}`,
    );
  }
}

/**
 * The items of a stream. `return` closes the source at once, even while it waits for the next item: a reader is
 * cancelled, a stream of Node's is destroyed. A plain iterator ends only when it has reached an item.
 */
export function iterate<T>(readable: StreamSource<T>): AsyncIterator<T> {
  const { [Symbol.asyncIterator]: iterator, getReader, destroy, locked } = (readable ?? {}) as Readable<T>;
  if (locked === true) throw new NoStreamError(readable, " that somebody else reads");
  if (typeof getReader === "function") return byReader(getReader.call(readable));
  const items = typeof iterator === "function" ? iterator.call(readable) : undefined;
  if (typeof items?.next !== "function") throw new NoStreamError(readable);
  if (typeof destroy !== "function") return items;
  return {
    next: () => items.next(),
    async return() {
      destroy.call(readable);
      await items.return?.();
      return OVER;
    },
  };
}

interface Readable<T> {
  [Symbol.asyncIterator]?: () => AsyncIterator<T>;
  getReader?: () => Reader<T>;
  destroy?: () => unknown;
  /** A ReadableStream has one reader at a time. */
  readonly locked?: boolean;
}

const OVER = { done: true, value: undefined } as const;

function byReader<T>(reader: Reader<T>): AsyncIterator<T> {
  let over = false;
  return {
    async next() {
      const { done, value } = await reader.read();
      over = done;
      return done ? OVER : { done, value: value as T };
    },
    async return() {
      if (!over) await reader.cancel().catch(() => undefined);
      return OVER;
    },
  };
}

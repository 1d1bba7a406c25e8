import { builtin } from "../runtime/platform.js";

/** The part of a stream of Node's that is used. */
interface NodeStream {
  readonly readableObjectMode?: boolean;
  pipe(to: unknown): unknown;
  destroy?(): void;
  once(event: string, listener: () => void): unknown;
}

interface NodeStreams {
  readonly Readable: {
    from(items: AsyncIterable<unknown>, options: { readonly objectMode: boolean }): NodeStream;
  };
}

export const isOfNode = (value: unknown): value is NodeStream =>
  typeof (value as { pipe?: unknown } | null | undefined)?.pipe === "function";

/**
 * A stream of Node's that replaces another one and gives these items; `undefined` on runtimes that have none. The other
 * one is destroyed with it.
 */
export function nodeStream(items: AsyncIterable<unknown>, like: NodeStream): NodeStream | undefined {
  const objectMode = like.readableObjectMode === true;
  const stream = builtin<NodeStreams>("node:stream")?.Readable.from(items, { objectMode });
  stream?.once("close", () => like.destroy?.());
  return stream;
}

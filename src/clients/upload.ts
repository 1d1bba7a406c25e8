import { walkCauses } from "../errors/causes.js";
import { isInstance } from "../options/error-class.js";
import { builtin } from "../runtime/platform.js";
import { isOfNode, nodeStream } from "./node-stream.js";

/** A request body that comes in pieces and may break off. If it does, that is the caller's own doing. */
export interface Upload {
  /** The body to send in its place. */
  readonly body: unknown;
  broke(): boolean;
}

/**
 * @param native the runtime's `fetch` sends it: it takes any iterable, and no body of which somebody else has read a
 * part. Other clients get a stream of Node's in the place of one.
 * @returns `undefined` for a body that is complete from the start.
 */
export function uploadOf(body: unknown, native = false): Upload | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  if (isTaken(body) || (native && isBegun(body))) return { body, broke: () => true };
  let broken = false;
  const broke = (): boolean => broken;
  const failing = (error: unknown): never => {
    broken = true;
    throw error;
  };
  if ("getReader" in body) return { body: readable(body as never, failing), broke };
  if (Symbol.asyncIterator in body) {
    const items = pieces(body as AsyncIterable<unknown>, failing);
    return { body: native || !isOfNode(body) ? items : (nodeStream(items, body) ?? items), broke };
  }
  return undefined;
}

/** Whether somebody else reads this stream, or the body of this request. Then it can't be sent. */
export function isTaken(body: unknown): boolean {
  return (body as { locked?: unknown } | null | undefined)?.locked === true;
}

/** Whether somebody has read a part of it, as far as the runtime says. */
function isBegun(body: object): boolean {
  return builtin<{ isDisturbed?(stream: unknown): boolean }>("node:stream")?.isDisturbed?.(body) === true;
}

/** The same for a stream of Node's that stays as it is, for a client that pipes it. */
export function streamedUpload(body: unknown): Upload | undefined {
  const { pipe, once } = (body ?? {}) as { pipe?: unknown; once?: unknown };
  if (typeof pipe !== "function" || typeof once !== "function") return uploadOf(body);
  const stream = body as { once(event: string, listener: () => void): void; readableEnded?: boolean };
  let broken = false;
  stream.once("error", () => {
    broken = true;
  });
  stream.once("close", () => {
    broken ||= stream.readableEnded === false;
  });
  return { body, broke: () => broken };
}

/** It has no `throw`: by that a client would pass on its own failure, which would look like the body's. */
function pieces(
  body: AsyncIterable<unknown>,
  failing: (error: unknown) => never,
): AsyncIterableIterator<unknown> {
  let source: AsyncIterator<unknown> | undefined;
  const read = async (): Promise<IteratorResult<unknown>> => {
    source ??= body[Symbol.asyncIterator]();
    return source.next();
  };
  return {
    next: () => read().catch(failing),
    async return() {
      await source?.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

interface Readable {
  getReader(): {
    read(): Promise<{ done: boolean; value?: unknown }>;
    cancel(reason: unknown): Promise<void>;
  };
}

function readable(body: Readable, failing: (error: unknown) => never): unknown {
  const { ReadableStream } = globalThis as unknown as { ReadableStream: new (source: object) => unknown };
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller: { enqueue(chunk: unknown): void; close(): void }) {
      const { done, value } = await reader.read().catch(failing);
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason: unknown) => reader.cancel(reason),
  });
}

/**
 * Whether an error of `fetch` is about the body of a `Request`, which can't be watched. Such an error has no code,
 * while an error of a connection or a file has one.
 */
export function ofItsBody(error: unknown, request: unknown): boolean {
  const { body } = (typeof request === "object" && request !== null ? request : {}) as { body?: unknown };
  const { cause } = (error ?? {}) as { cause?: unknown };
  if (typeof body !== "object" || body === null || !isInstance(cause, Error)) return false;
  const code = walkCauses(cause, ({ code }) => (typeof code === "string" ? code : undefined));
  return code === undefined || /^(ENOENT|EIO|EISDIR|EACCES|EPERM|EBADF|ERR_STREAM_\w+)$/.test(code);
}

/** Whether an error of `fetch` is about the request itself, so that no server could have answered it well. */
export function asksWrongly(error: unknown): boolean {
  const { code, message } = ((error as { cause?: unknown } | null)?.cause ?? {}) as Record<string, unknown>;
  return OF_THIS_SIDE.has(code) || OF_THE_REQUEST.has(message);
}

/** undici's codes for it. The last two: this process has closed its dispatcher. */
const OF_THIS_SIDE: ReadonlySet<unknown> = new Set([
  "UND_ERR_INVALID_ARG",
  "UND_ERR_NOT_SUPPORTED",
  "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
]);

/** The messages of undici's `fetch` for it, which have no code. Other runtimes don't say it. */
const OF_THE_REQUEST: ReadonlySet<unknown> = new Set([
  "bad port",
  "integrity mismatch",
  "unexpected redirect",
  "unknown scheme",
]);

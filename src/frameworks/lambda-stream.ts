import type { Answer } from "./answer.js";

/** What a handler that streams its response gets in place of the context, which comes after it. */
export interface ResponseStream {
  write(...args: unknown[]): unknown;
  end(...args: unknown[]): unknown;
  readonly writableEnded?: boolean;
}

/** The platform's global object. */
interface Platform {
  readonly HttpResponseStream?: {
    from(stream: ResponseStream, prelude: { statusCode: number; headers: object }): ResponseStream;
  };
}

export const isResponseStream = (given: unknown): given is ResponseStream => {
  const { write, end } = (given ?? {}) as Partial<ResponseStream>;
  return typeof write === "function" && typeof end === "function";
};

/** Asks, at any later time, whether something was written to it. Then its status can't change any more. */
export function watchWrites(stream: ResponseStream): () => boolean {
  const { write } = stream;
  let begun = false;
  stream.write = (...args) => {
    begun = true;
    return Reflect.apply(write, stream, args);
  };
  return () => begun || stream.writableEnded === true;
}

/** Streams the whole answer. Returns false if the platform can't tell a status. */
export function streamAnswer(stream: ResponseStream, { status, headers, body }: Answer): boolean {
  const { awslambda } = globalThis as { awslambda?: Platform | undefined };
  const answering = awslambda?.HttpResponseStream?.from(stream, { statusCode: status, headers });
  answering?.write(body);
  answering?.end();
  return answering !== undefined;
}

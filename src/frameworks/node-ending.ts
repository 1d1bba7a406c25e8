/** The parts of Node's `ServerResponse`, for HTTP/1 and HTTP/2, that show how it ended. */
export interface EndingResponse {
  readonly writableFinished?: boolean;
  readonly writableEnded?: boolean;
  readonly writableLength?: number;
  readonly destroyed?: boolean;
  readonly errored?: unknown;
  readonly req?: unknown;
  /** Only with HTTP/2. */
  readonly stream?: unknown;
}

/** The parts of an HTTP/1 socket, and below of an HTTP/2 stream, that show who closed it. */
interface Socket {
  readonly destroyed?: boolean;
  readonly readableEnded?: boolean;
  readonly errored?: unknown;
  readonly server?: { readonly listening?: boolean };
}
interface Stream {
  readonly destroyed?: boolean;
  readonly errored?: unknown;
  readonly rstCode?: number;
}

/** The answer was sent completely, or its client left, or this side broke it off: then it is the error. */
export type Ending = "sent" | "left" | Error;

/** How a finished answer ended. */
export function endingOf(response: EndingResponse): Ending {
  const stream = response.stream as Stream | undefined;
  if (stream !== undefined) return endingOfStream(stream, response.writableEnded === true);
  if (response.writableFinished === true) return "sent";
  if (response.errored) return response.errored as Error;
  return isCutHere(response) ? new Error("the connection was closed before the answer was complete") : "left";
}

/** Whether it is over already, so that no event will follow. */
export function isOver(response: EndingResponse): boolean {
  return ((response.stream as Stream | undefined) ?? response).destroyed === true;
}

/** An HTTP/2 response says that it has finished even if it was cut off, so its stream is asked. */
function endingOfStream({ errored, rstCode }: Stream, ended: boolean): Ending {
  if (ended && rstCode === NO_ERROR) return "sent";
  if (errored) return errored as Error;
  return rstCode === INTERNAL_ERROR
    ? new Error("the stream was reset before the answer was complete")
    : "left";
}

const NO_ERROR = 0;
const INTERNAL_ERROR = 2;

/**
 * Whether the route, its framework or a time-out of the server closed the connection. The other cases look different:
 * - A client that leaves ends its side first, or resets the connection.
 * - A client that stops reading leaves something unsent.
 * - A client whose upload stalls or is broken has not sent its whole request.
 * - A server that ends no longer listens.
 */
function isCutHere({ req, writableLength }: EndingResponse): boolean {
  const { socket, complete } = (req ?? {}) as { socket?: Socket; complete?: boolean };
  return (
    complete !== false &&
    socket?.destroyed === true &&
    socket.readableEnded === false &&
    socket.errored === null &&
    socket.server?.listening === true &&
    writableLength === 0
  );
}

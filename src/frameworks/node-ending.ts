/** What is used of Node's `ServerResponse` to tell how it ended, of HTTP/1 and of HTTP/2. */
export interface EndingResponse {
  readonly writableFinished?: boolean;
  readonly writableEnded?: boolean;
  readonly writableLength?: number;
  readonly destroyed?: boolean;
  readonly errored?: unknown;
  readonly req?: unknown;
  /** Of HTTP/2. */
  readonly stream?: unknown;
}

/** The parts of HTTP/1's socket and of HTTP/2's stream. */
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

/** It was sent to its end; or this side broke it off, with an error; or its client left. */
export type Ending = "sent" | "left" | Error;

/** How an answer ended that is over. */
export function endingOf(response: EndingResponse): Ending {
  const stream = response.stream as Stream | undefined;
  if (stream !== undefined) return endingOfStream(stream, response.writableEnded === true);
  if (response.writableFinished === true) return "sent";
  if (response.errored) return response.errored as Error;
  return isCutHere(response) ? new Error("the connection was closed before the answer was complete") : "left";
}

/** Whether it is over, so that no event will tell. */
export function isOver(response: EndingResponse): boolean {
  return ((response.stream as Stream | undefined) ?? response).destroyed === true;
}

/** A response of HTTP/2 says that it has finished, whatever ended it. */
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
 * Whether the route, its framework or a time-out of the server closed the connection. A client that leaves ends its side
 * first, or resets it; one that reads no further leaves something unsent; one whose upload stalls or is broken has not sent
 * its whole request; and a server that ends closes them all.
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

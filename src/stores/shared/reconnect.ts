import { systemClock } from "../../runtime/system-clock.js";
import { type OpenLink, watchOver } from "./link.js";
import type { SafeWatcher } from "./watcher.js";

/** Time between attempts, in ms: doubling, half of it random. */
const FIRST_RETRY = 50;
const LONGEST_RETRY = 1_500;
/** The same if the server works but refuses: somebody has to change its rights. */
const LONGEST_REFUSED = 30_000;

export interface ReconnectOptions {
  /** Gets a gap when a lost connection is live again. Disposing of the handle ends it. */
  readonly watcher: SafeWatcher;
  /** Whether the server refused, so that it is useless to ask again soon. */
  refused(error: unknown): boolean;
  /** The error to reject with if the first connection fails. Default: the error it was lost with. */
  failure?(error: unknown): unknown;
}

/**
 * A connection for push that reconnects: a lost one is replaced, however long that takes.
 *
 * Resolves when it is live. If the first attempt fails or takes more than 5 s it rejects, and leaves nothing behind.
 * Neither the connection nor a timer keeps the process alive. Disposing of the handle waits for no server.
 */
export function keepConnected(
  open: OpenLink,
  { watcher, refused, failure = (error) => error }: ReconnectOptions,
): Promise<AsyncDisposable> {
  return new Promise((resolve, reject) => {
    let wasLive = false;
    let failures = 0;
    let stop = (): void => {};
    const handle: AsyncDisposable = {
      async [Symbol.asyncDispose]() {
        watcher.end();
        stop();
      },
    };
    const connect = (): void => {
      stop = watchOver(open, {
        live() {
          if (wasLive) watcher.gap();
          wasLive = true;
          resolve(handle);
        },
        heard() {
          failures = 0;
        },
        lost(error) {
          if (!wasLive) {
            reject(failure(error));
            return;
          }
          watcher.lost(failure(error));
          const longest = refused(error) ? LONGEST_REFUSED : LONGEST_RETRY;
          const ms = Math.min(longest, FIRST_RETRY * 2 ** failures);
          failures += 1;
          stop = systemClock.after(ms * (0.5 + 0.5 * systemClock.random()), connect);
        },
      });
    };
    connect();
  });
}

import { keepConnected } from "../shared/reconnect.js";
import type { SafeWatcher } from "../shared/watcher.js";
import type { Connection } from "./connection.js";

/** A subscription that comes back. Rejects where the first attempt fails or takes more than 5 s. */
export function subscribe(
  connection: Connection,
  channel: string,
  watcher: SafeWatcher,
): Promise<AsyncDisposable> {
  return keepConnected(
    (on) =>
      connection.subscribe(channel, { ...on, message: (text) => on.heard(() => watcher.message(text)) }),
    {
      watcher,
      refused: (error) => /\b(NOPERM|NOAUTH|WRONGPASS)\b/.test(messageOf(error)),
      failure: (error) =>
        new Error(`could not subscribe to the Redis channel "${channel}": ${messageOf(error)}`, {
          cause: error,
        }),
    },
  );
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

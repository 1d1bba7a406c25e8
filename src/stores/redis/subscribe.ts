import type { LinkEvents } from "../shared/link.js";
import { keepConnected } from "../shared/reconnect.js";
import type { SafeWatcher } from "../shared/watcher.js";
import type { Connection } from "./connection.js";

/** Tells a subscription that commands have gone to the server: they may go to another database now. */
export type Moves = Set<() => void>;

/**
 * A subscription that reconnects, and that follows the client to another database. Rejects if the first attempt fails
 * or takes more than 5 s.
 */
export function subscribe(
  connection: Connection,
  channelOf: () => string,
  moves: Moves,
  watcher: SafeWatcher,
): Promise<AsyncDisposable> {
  const open = (on: LinkEvents) => {
    const channel = channelOf();
    const message = (text: string): void => on.heard(() => watcher.message(text));
    const link = connection.subscribe(channel, { ...on, message });
    const look = (): void => {
      if (channelOf() !== channel) on.lost(new Error("the client has selected another database"));
    };
    moves.add(look);
    return {
      ping: () => link.ping(),
      destroy() {
        moves.delete(look);
        link.destroy();
      },
    };
  };
  return keepConnected(open, {
    watcher,
    refused: (error) => /\b(NOPERM|NOAUTH|WRONGPASS)\b/.test(messageOf(error)),
    failure: (error) =>
      new Error(`could not subscribe to the Redis channel "${channelOf()}": ${messageOf(error)}`, {
        cause: error,
      }),
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

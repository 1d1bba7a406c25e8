import { withinMs } from "../shared/deadline.js";
import type { Link, LinkEvents } from "../shared/link.js";
import { keepConnected } from "../shared/reconnect.js";
import type { SafeWatcher } from "../shared/watcher.js";
import { ENDS_WITHIN, proveDelivery, type Query } from "./listen.js";

/**
 * How a client listens that keeps its connection to itself. Resolves when it listens, with what ends it. `again` is
 * called when it listens on another connection, if the client reports that.
 */
export type Listen = (
  channel: string,
  heard: (text: string) => void,
  again: () => void,
) => PromiseLike<() => PromiseLike<unknown>>;

/**
 * Listens through a client that doesn't report the loss of its connection. So a channel beside the fleet's has signs of
 * life: after some seconds of silence a process sends one, and all that listen get it. If it doesn't come, push is lost,
 * until one comes again.
 */
export async function listenForSigns(
  listen: Listen,
  query: Query,
  channel: string,
  watcher: SafeWatcher,
): Promise<AsyncDisposable> {
  await proveDelivery((name, heard) => listen(name, heard, () => undefined), query, channel);
  const signs = `${channel}_alive`;
  let link: LinkEvents | undefined;
  let sign = (): void => undefined;
  const again = (): void => link?.lost(new Error("the client listens on another connection"));
  const open = (on: LinkEvents): Link => {
    let isLive = false;
    link = on;
    sign = () => {
      on.heard();
      if (!isLive) on.live();
      isLive = true;
    };
    const ping = () => query("SELECT pg_notify($1, '')", [signs]);
    ping().catch(on.lost);
    return { ping, destroy: () => undefined };
  };

  const ends: (() => PromiseLike<unknown>)[] = [];
  const end = async (): Promise<void> => {
    // A server that is frozen or gone is not awaited.
    const all = Promise.all(ends.map(async (unlisten) => unlisten()));
    await withinMs(all, ENDS_WITHIN, () => new Error("PostgreSQL gave no answer")).catch(() => undefined);
  };
  try {
    const heard = (text: string): void => {
      watcher.message(text);
      link?.heard();
    };
    ends.push(await listen(channel, heard, again));
    ends.push(await listen(signs, () => sign(), again));
    const connection = await keepConnected(open, { watcher, refused: () => false });
    return {
      async [Symbol.asyncDispose]() {
        await connection[Symbol.asyncDispose]();
        await end();
      },
    };
  } catch (error) {
    watcher.end();
    await end();
    throw error;
  }
}

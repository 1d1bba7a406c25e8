import { systemClock } from "../../runtime/system-clock.js";
import type { Link, LinkEvents } from "../shared/link.js";
import { keepConnected } from "../shared/reconnect.js";
import type { SafeWatcher } from "../shared/watcher.js";
import type { ListeningClient } from "./client.js";

/** How long a server may take to end a connection before its socket is destroyed, in ms. */
export const ENDS_WITHIN = 500;

/** Listens on a connection of its own. Rejects where the first one can't be made. */
export function listenOn(
  connect: () => ListeningClient,
  channel: string,
  watcher: SafeWatcher,
): Promise<AsyncDisposable> {
  return keepConnected((on) => open(connect(), channel, watcher, on), { watcher, refused });
}

function open(client: ListeningClient, channel: string, watcher: SafeWatcher, on: LinkEvents): Link {
  client.on("error", on.lost);
  client.on("end", () => on.lost(new Error("the connection was closed")));
  client.on("notification", ({ payload }) => {
    if (payload !== undefined) on.heard(() => watcher.message(payload));
  });
  const listen = async (): Promise<void> => {
    await client.connect();
    client.unref?.();
    await client.query(`LISTEN "${channel}"`);
    on.live();
  };
  listen().catch(on.lost);
  return {
    ping: async () => {
      await client.query("SELECT 1");
      on.heard();
    },
    destroy() {
      // A frozen server never says that it has ended.
      const cancel = systemClock.after(ENDS_WITHIN, () => client.connection?.stream?.destroy?.());
      void Promise.resolve(client.end()).then(cancel, cancel);
    },
  };
}

/** Permission denied, an unknown user or a wrong password, no such database. */
const refused = (error: unknown): boolean =>
  /^(42501|28|3D)/.test(String((error as { readonly code?: unknown } | null)?.code));

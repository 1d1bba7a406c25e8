import { systemClock } from "../../runtime/system-clock.js";
import { withinMs } from "../shared/deadline.js";
import type { Link, LinkEvents } from "../shared/link.js";
import { keepConnected } from "../shared/reconnect.js";
import type { SafeWatcher } from "../shared/watcher.js";
import type { ListeningClient } from "./client.js";

/** How long a server may take to end a connection before its socket is destroyed, in ms. */
export const ENDS_WITHIN = 500;

/** How long a process's own notification may take if there is something between client and server, in ms. */
const ARRIVES_WITHIN = 1_000;

/** What is needed from the pool. */
export type Query = (text: string, params?: readonly unknown[]) => Promise<unknown>;

/** Listens on a connection of its own. Rejects if the first one can't be made, or gets no notifications. */
export function listenOn(
  connect: () => ListeningClient,
  query: Query,
  channel: string,
  watcher: SafeWatcher,
): Promise<AsyncDisposable> {
  return keepConnected((on) => open(connect(), query, channel, watcher, on), { watcher, refused });
}

function open(
  client: ListeningClient,
  query: Query,
  channel: string,
  watcher: SafeWatcher,
  on: LinkEvents,
): Link {
  client.on("error", on.lost);
  client.on("end", () => on.lost(new Error("the connection was closed")));
  client.on("notification", (message) => {
    if (message.channel === channel) on.heard(() => watcher.message(message.payload ?? ""));
  });
  const listen = async (): Promise<void> => {
    await client.connect();
    client.unref?.();
    const direct = await isDirect(client);
    // Silence is its purpose: of a server that ends idle sessions it would lose its connection again and again.
    if (direct) await client.query(STAYS);
    if (!direct) await proveDelivery((name, heard) => hear(client, name, heard), query, channel);
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
      // A frozen server never reports that it has ended.
      const cancel = systemClock.after(ENDS_WITHIN, () => client.connection?.stream?.destroy?.());
      void Promise.resolve(client.end()).then(cancel, cancel);
    },
  };
}

/** PostgreSQL 14 or newer has the setting. */
const STAYS = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'";

/** A pooler tells clients of a process that is not the server's. */
async function isDirect(client: ListeningClient): Promise<boolean> {
  const { rows } = (await client.query("SELECT pg_backend_pid() AS pid")) as { rows: [{ pid: unknown }] };
  return typeof client.processID === "number" && rows[0].pid === client.processID;
}

/** Begins to listen, and resolves with what ends it. */
type Hear = (channel: string, heard: () => void) => PromiseLike<() => PromiseLike<unknown>>;

async function hear(client: ListeningClient, channel: string, heard: () => void) {
  client.on("notification", (message) => {
    if (message.channel === channel) heard();
  });
  await client.query(`LISTEN "${channel}"`);
  return () => client.query(`UNLISTEN "${channel}"`);
}

/**
 * A pooler that lends a connection for one transaction accepts LISTEN, but passes its notifications to the next client.
 * So this sends itself one, on a channel of its own: what listens behind a pooler may go on doing so.
 */
export async function proveDelivery(listen: Hear, query: Query, channel: string): Promise<void> {
  // Digits alone, for PGlite does not quote it, and few of them: PostgreSQL takes names of at most 63 bytes.
  const own = `${channel}_${Math.floor(systemClock.random() * 1e12)}`;
  let arrived = (): void => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const unlisten = await listen(own, arrived);
  try {
    await query("SELECT pg_notify($1, '')", [own]);
    await withinMs(arrival, ARRIVES_WITHIN, () => Object.assign(new Error(SHARED), { code: NOT_DELIVERED }));
  } finally {
    unlisten().then(undefined, () => undefined);
  }
}

const SHARED =
  "notifications of PostgreSQL don't arrive: the pool leads through a pooler that shares connections between " +
  "transactions; push needs a direct connection, or one pooled for a session";
const NOT_DELIVERED = "ERR_FAILFAST_NOT_DELIVERED";

/** Permission denied, an unknown user or a wrong password, no such database. */
const refused = (error: unknown): boolean =>
  /^(42501|28|3D|ERR_FAILFAST)/.test(String((error as { readonly code?: unknown } | null)?.code));

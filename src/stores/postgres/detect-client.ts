import { againWhere } from "../shared/again.js";
import {
  type Database,
  type ListeningClient,
  type PostgresClient,
  type PostgresJs,
  type QueryClient,
  rowsOf,
} from "./client.js";
import { listenOn } from "./listen.js";
import { listenForSigns } from "./signs-of-life.js";

/**
 * Recognises clients by their methods.
 *
 * @throws {TypeError} anything else.
 */
export function detectClient(client: PostgresClient): Database {
  const found = client as Partial<PostgresJs & QueryClient> | null;
  if (typeof found?.unsafe === "function" && typeof found.listen === "function") {
    return ofPostgresJs(client as PostgresJs);
  }
  if (typeof found?.query === "function") return ofQueries(client as QueryClient);
  throw new TypeError(
    "postgresStore() takes a Pool of pg, an sql of postgres.js, or anything with query(text, params): this is something else",
  );
}

/** What postgres.js notes at its `listen`: who listens to what. */
interface Channels {
  readonly channels?: Readonly<Record<string, { listeners: { readonly fn: unknown }[] } | undefined>>;
}

function ofPostgresJs(sql: PostgresJs): Database {
  const query: Database["query"] = (text, params = []) =>
    againWhere(lost, () => sql.unsafe(text, params as never[]));
  return {
    query,
    // It reconnects by itself, and reports that each time, but not the loss before.
    listen: (channel, watcher) =>
      listenForSigns(
        async (name, heard, again) => {
          const { unlisten } = await sql.listen(name, heard, again);
          return () => {
            // After a reconnect it has another listener for the same function, which `unlisten` doesn't find.
            const now = (sql.listen as Channels).channels?.[name];
            if (now) now.listeners = now.listeners.filter(({ fn }) => fn !== heard);
            return unlisten();
          };
        },
        query,
        channel,
        watcher,
      ),
  };
}

function ofQueries(client: QueryClient): Database {
  const query: Database["query"] = async (text, params = []) =>
    rowsOf(await againWhere(lost, () => client.query(text, [...params])));
  const { Client } = client;
  // A pool hides the password from printing, and so from a spread as well.
  const given = (client.options ?? {}) as { readonly password?: unknown };
  if (typeof Client === "function") {
    const Connection = Client as new (given: unknown) => ListeningClient;
    const connect = (): ListeningClient =>
      new Connection({ ...given, password: given.password, keepAlive: true });
    return { query, listen: (channel, watcher) => listenOn(connect, query, channel, watcher) };
  }
  const { listen } = client;
  if (typeof listen !== "function") return { query, listen: undefined };
  const hear = async (channel: string, heard: (text: string) => void) => {
    const unlisten = await listen.call(client, channel, heard);
    return async () => unlisten?.();
  };
  return { query, listen: (channel, watcher) => listenForSigns(hear, query, channel, watcher) };
}

/** A serialization failure, a deadlock, or a lock that was not available in time; depends on the isolation level. */
const lost = (error: unknown): boolean =>
  ["40001", "40P01", "55P03"].includes(String((error as { readonly code?: unknown } | null)?.code));

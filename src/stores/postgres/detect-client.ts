import { againWhere } from "../shared/again.js";
import { withinMs } from "../shared/deadline.js";
import type { SafeWatcher } from "../shared/watcher.js";
import {
  type Database,
  type ListeningClient,
  type PostgresClient,
  type PostgresJs,
  type QueryClient,
  rowsOf,
} from "./client.js";
import { ENDS_WITHIN, listenOn, proveDelivery } from "./listen.js";

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

function ofPostgresJs(sql: PostgresJs): Database {
  const query: Database["query"] = (text, params = []) =>
    againWhere(lost, () => sql.unsafe(text, params as never[]));
  return {
    query,
    // It reconnects by itself, and reports that each time.
    async listen(channel, watcher) {
      const hear = async (name: string, heard: () => void) =>
        (await sql.listen(name, heard, () => undefined)).unlisten;
      await proveDelivery(hear, query, channel);
      let live = false;
      const { unlisten } = await sql.listen(channel, watcher.message, () => {
        if (live) watcher.gap();
        live = true;
      });
      return ending(watcher, unlisten);
    },
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
  if (typeof client.listen !== "function") return { query, listen: undefined };
  return {
    query,
    async listen(channel, watcher) {
      const unlisten = await client.listen?.(channel, watcher.message);
      return ending(watcher, async () => unlisten?.());
    },
  };
}

/** A serialization failure, a deadlock, or a lock that was not available in time; depends on the isolation level. */
const lost = (error: unknown): boolean =>
  ["40001", "40P01", "55P03"].includes(String((error as { readonly code?: unknown } | null)?.code));

/** A server that is frozen or gone is not awaited. */
function ending(watcher: SafeWatcher, unlisten: () => PromiseLike<unknown>): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      watcher.end();
      await withinMs(unlisten(), ENDS_WITHIN, () => new Error("PostgreSQL gave no answer")).catch(
        () => undefined,
      );
    },
  };
}

import { encodeName } from "../protocol/key.js";
import { sha256 } from "../protocol/sha256.js";
import type { PostgresClient } from "./postgres/client.js";
import { recognise } from "./postgres/recognise.js";
import type { Store, StoreEntry, StoreWatcher, SwapResult } from "./store.js";

export type { ListeningClient, PostgresClient, PostgresJs, QueryClient } from "./postgres/client.js";

export interface PostgresStoreOptions {
  /** Names the fleet: circuits are shared by the processes that use the same table and prefix. Default: `"failfast"`. */
  readonly prefix?: string;
  /** The table, in letters, digits and `_`, with its schema before a point where it has one. Default: `"failfast"`. */
  readonly table?: string;
}

/** A store in a table of PostgreSQL. */
export interface PostgresStore extends Store {
  /** Makes the table where it is missing, as `assets/sql/postgres.sql` does. */
  migrate(): Promise<void>;
}

/**
 * A store in PostgreSQL 11 or newer, through a `Pool` of pg, an `sql` of postgres.js, PGlite, or anything with
 * `query(text, params)`. All six verbs; push by `LISTEN`, where the client can, on a connection of its own.
 *
 * @example
 * const store = postgresStore(new Pool({ connectionString }));
 * await store.migrate(); // or run assets/sql/postgres.sql
 * const salesApi = failfast("sales_api", 60, { store });
 *
 * @throws {TypeError} a client that is none of those, a prefix that is no text, a table's name that needs quoting.
 */
export function postgresStore(client: PostgresClient, options: PostgresStoreOptions = {}): PostgresStore {
  const database = recognise(client);
  const { prefix = "failfast", table = "failfast" } = options;
  if (typeof prefix !== "string" || prefix === "")
    throw new TypeError(`the prefix of postgresStore() must be a text of at least one character`);
  if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/.test(table))
    throw new TypeError(
      `the table of postgresStore() is ${JSON.stringify(table)}: it takes small letters, digits and _, and a schema before a point`,
    );
  // A channel's name is an identifier of at most 63 bytes, whatever the prefix is.
  const channel = `failfast_${sha256(encodeName(`${table}/${prefix}`)).slice(0, 32)}`;
  const sql = statements(table, channel);

  async function write(text: string, params: readonly unknown[]): Promise<{ ok: boolean; now: number }> {
    const [row] = (await database.query(text, params)) as [{ ok: boolean; now: number }];
    return { ok: row.ok, now: Number(row.now) };
  }

  return {
    async get(key) {
      const [row] = (await database.query(sql.get, [prefix, key])) as { value?: string }[];
      return row?.value ?? null;
    },
    async set(key, value, ttlMs) {
      await write(sql.set, [prefix, key, value, ttlMs]);
    },
    async delete(key) {
      await database.query(sql.delete, [prefix, key]);
    },
    async swap(key, expect, value, ttlMs): Promise<SwapResult> {
      const params = [prefix, key, value, ttlMs];
      const { ok, now } = await (expect === null
        ? write(sql.create, params)
        : write(sql.replace, [...params, expect]));
      if (ok) return { ok, value, now };
      // The statement that failed saw what there was before it waited for another's write.
      const [row] = (await database.query(sql.get, [prefix, key])) as { value?: string; now?: unknown }[];
      return { ok, value: row?.value ?? null, now: row?.now === undefined ? now : Number(row.now) };
    },
    async list(start) {
      const rows = (await database.query(sql.list, [prefix, start])) as Record<
        "key" | "value" | "now",
        string
      >[];
      return rows.map(({ key, value, now }) => ({ key, value, now: Number(now) }));
    },
    ...(database.listen === undefined
      ? {}
      : {
          watch: (start: string, on: StoreWatcher) =>
            (database.listen as NonNullable<typeof database.listen>)(channel, {
              payload: (text) => deliver(text, start, on),
              gap: () => on.gap(),
            }),
        }),
    async migrate() {
      await database.query(sql.migrate);
    },
  };
}

/** The payload of a notification: `[key, value, now]`; `[key]` where the value is too long for one. */
function deliver(text: string, start: string, on: StoreWatcher): void {
  try {
    const [key, value, now]: unknown[] = JSON.parse(text);
    if (typeof key === "string" && typeof value === "string" && typeof now === "number") {
      if (key.startsWith(start)) on.change({ key, value, now } satisfies StoreEntry);
      return;
    }
  } catch {
    // Anyone may notify.
  }
  on.gap();
}

const NOW = "(extract(epoch from clock_timestamp()) * 1000)::float8";
const EXPIRES = "clock_timestamp() + $4::float8 * interval '1 millisecond'";
/** Below PostgreSQL's 8 000 bytes of one notification, with room for the key and the clock. */
const LONGEST_VALUE = 7_000;
/** Old rows that a write takes along. */
const SWEPT = 100;

function statements(table: string, channel: string) {
  const payload = `CASE WHEN octet_length(value) > ${LONGEST_VALUE} THEN json_build_array(key) ELSE json_build_array(key, value, ${NOW}) END`;
  /** Writes and notifies in one statement, so that neither comes without the other; some of what expired goes with it. */
  const told = (change: string): string =>
    `WITH written AS (${change} RETURNING key, value), told AS (SELECT pg_notify('${channel}', (${payload})::text) FROM written),
     swept AS (DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE prefix = $1 AND key <> $2
       AND expires_at < clock_timestamp() - interval '1 hour' LIMIT ${SWEPT})))
     SELECT count(told) > 0 AS ok, ${NOW} AS now FROM told`;
  const insert = `INSERT INTO ${table} AS old (prefix, key, value, expires_at) VALUES ($1, $2, $3, ${EXPIRES})
     ON CONFLICT (prefix, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`;
  return {
    get: `SELECT value, ${NOW} AS now FROM ${table} WHERE prefix = $1 AND key = $2 AND expires_at > clock_timestamp()`,
    set: told(insert),
    create: told(`${insert} WHERE old.expires_at <= clock_timestamp()`),
    replace: told(
      `UPDATE ${table} SET value = $3, expires_at = ${EXPIRES} WHERE prefix = $1 AND key = $2 AND value = $5 AND expires_at > clock_timestamp()`,
    ),
    delete: `DELETE FROM ${table} WHERE prefix = $1 AND key = $2`,
    list: `SELECT key, value, ${NOW} AS now FROM ${table} WHERE prefix = $1 AND starts_with(key, $2) AND expires_at > clock_timestamp()`,
    migrate: migration(table),
  };
}

/** What `migrate()` runs, and `assets/sql/postgres.sql` says. */
export const migration = (table: string): string => `CREATE TABLE IF NOT EXISTS ${table} (
  prefix text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  value text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (prefix, key)
)`;

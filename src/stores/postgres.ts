import type { Store, StoreEntry, StoreWatcher, SwapResult } from "../options/store.js";
import { encodeName } from "../protocol/key.js";
import { sha256 } from "../protocol/sha256.js";
import { keepAlive } from "../runtime/keep-alive.js";
import type { Database, PostgresClient } from "./postgres/client.js";
import { detectClient } from "./postgres/detect-client.js";
import { withAdvice } from "./shared/advice.js";
import { againWhere } from "./shared/again.js";
import { checkOptions, checkPrefix } from "./shared/options.js";
import { inPages } from "./shared/pages.js";
import { safeWatcher } from "./shared/watcher.js";

export type { ListeningClient, PostgresClient, PostgresJs, QueryClient } from "./postgres/client.js";

/** The options of `postgresStore`. */
export interface PostgresStoreOptions {
  /** Names the fleet: processes that use the same table and prefix share their circuits. Default: `"failfast"`. */
  readonly prefix?: string;
  /** The table: letters, digits and `_`, after its schema and a point if it has one. Default: `"failfast"`. */
  readonly table?: string;
}

/** A store in a table of PostgreSQL. */
export interface PostgresStore extends Store {
  /** Creates the table if it is missing, as `assets/sql/postgres.sql` does. */
  migrate(): Promise<void>;
}

/**
 * A store in PostgreSQL 11 or newer, through a `Pool` of pg, an `sql` of postgres.js, PGlite, or anything with
 * `query(text, params)`. All six methods. Push uses `LISTEN` on a connection of its own, if the client can do that.
 *
 * @example
 * const store = postgresStore(new Pool({ connectionString }));
 * await store.migrate(); // or run assets/sql/postgres.sql
 * const salesApi = failfast("sales_api", 60, { store });
 *
 * @throws {TypeError} a client that is none of those, an unknown option, a prefix that is not a text, or a table's name
 * that needs quoting.
 */
export function postgresStore(client: PostgresClient, options: PostgresStoreOptions = {}): PostgresStore {
  const database = detectClient(client);
  checkOptions("postgresStore", options, ["prefix", "table"]);
  const { table = "failfast" } = options;
  const prefix = checkPrefix("postgresStore", options.prefix);
  if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/.test(table))
    throw new TypeError(
      `the table of postgresStore() is ${JSON.stringify(table)}: it takes small letters, digits and _, and a schema before a point`,
    );
  return storeIn(database, table, prefix, true);
}

/** `notifies`: writes are pushed. */
function storeIn(
  { query: ask, listen }: Database,
  table: string,
  prefix: string,
  notifies: boolean,
): PostgresStore {
  // A channel's name is an identifier of at most 63 bytes, whatever the prefix is.
  const channel = `failfast_${sha256(encodeName(`${table}/${prefix}`)).slice(0, 32)}`;
  const sql = statements(table, notifies ? channel : undefined);
  const silent = statements(table, undefined);
  const query: typeof ask = (text, params) =>
    ask(text, params).catch((error: unknown) => {
      throw withAdvice(error, advice(table));
    });

  async function write(
    verb: "set" | "create" | "replace",
    params: readonly unknown[],
  ): Promise<{ ok: boolean; now: number }> {
    const rows = await query(sql[verb], params).catch((error: unknown) => {
      // Somebody listens and does not read: polls bring the news until the queue has room again.
      if ((error as { code?: unknown } | null)?.code !== QUEUE_FULL) throw error;
      return query(silent[verb], params);
    });
    const [row] = rows as [{ written: unknown; now: unknown }];
    return { ok: Number(row.written) > 0, now: Number(row.now) };
  }

  return {
    async get(key) {
      const [row] = (await query(sql.get, [prefix, key])) as { value?: string }[];
      return row?.value ?? null;
    },
    async set(key, value, ttlMs) {
      await write("set", [prefix, key, value, ttlMs]);
    },
    async delete(key) {
      await query(sql.delete, [prefix, key]);
    },
    async swap(key, expect, value, ttlMs): Promise<SwapResult> {
      const params = [prefix, key, value, ttlMs];
      const { ok, now } = await (expect === null
        ? write("create", params)
        : write("replace", [...params, expect]));
      if (ok) return { ok, value, now };
      // The failed statement saw the state before it waited for another write.
      const [row] = (await query(sql.get, [prefix, key])) as { value?: string; now?: unknown }[];
      return { ok, value: row?.value ?? null, now: row?.now === undefined ? now : Number(row.now) };
    },
    async list(start, since = "") {
      const ask = async (verb: "list" | "first" | "page", ...params: readonly unknown[]) =>
        (await query(sql[verb], [prefix, start, ...params])) as readonly [Listed, ...Listed[]];
      const [, life, next, newest] = /^([\d.]+)\/(\d{1,18})\/(\d{1,18})$/.exec(since) ?? [];
      if (next !== undefined) {
        const rows = await ask("list", next);
        const [head] = rows;
        const known =
          head.life === life && Number(next) <= Number(head.next) && Number(newest) <= Number(head.newest);
        if (known) return { ...listingOf(head), entries: entriesOf(rows), complete: false };
      }
      let head: Listed | undefined;
      const entries = await inPages<StoreEntry>(async (limit, last) => {
        const rows = await (last === undefined ? ask("first", limit) : ask("page", limit, last.key));
        head ??= rows[0];
        return entriesOf(rows);
      });
      return { ...listingOf(head as Listed), entries, complete: true };
    },
    ...(notifies &&
      listen && {
        async watch(start: string, on: StoreWatcher) {
          // Tables of one name in several schemas share the channel.
          const [row] = (await query(sql.schema)) as [{ schema: string | null }];
          return listen(channel, safeWatcher(start, on, row.schema ?? undefined));
        },
      }),
    sibling: (name) => storeIn({ query: ask, listen }, table, `${prefix}:@${name}`, false),
    async migrate() {
      const made = async (): Promise<void> => {
        for (const statement of migration(table)) await againWhere(madeMeanwhile, () => query(statement));
      };
      await keepAlive(made());
    },
  };
}

const NOW = "(extract(epoch from clock_timestamp()) * 1000)::float8";
const EXPIRES = "clock_timestamp() + $4::float8 * interval '1 millisecond'";
/** The number of the writing transaction: a list of changes continues from another one. */
const CHANGED = "txid_current()";
/** PostgreSQL takes notifications of fewer bytes than this. */
const LONGEST_MESSAGE = 8_000;
/** "too many notifications in the NOTIFY queue", which has 8 GB. */
const QUEUE_FULL = "54000";
/** Two that make one table at the same time: one of them finds the other's entry, table or row type in the catalogue. */
const madeMeanwhile = (error: unknown): boolean =>
  ["23505", "42P07", "42710"].includes(String((error as { code?: unknown } | null)?.code));
/** How many old rows a write removes. */
const SWEPT = 100;

function statements(table: string, channel: string | undefined) {
  const schema = `(SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass('${table}'))`;
  // If a record is too long for a notification, it is announced without its value, which is a gap.
  const notification =
    channel === undefined
      ? "SELECT 1 FROM written"
      : `SELECT pg_notify('${channel}', CASE WHEN octet_length(message) < ${LONGEST_MESSAGE} THEN message ELSE json_build_array(key)::text END)
         FROM (SELECT key, json_build_array(key, value, ${NOW}, ${schema})::text AS message FROM written) AS messages`;
  /**
   * Writes and notifies in one statement, so that neither comes without the other. It also removes some expired rows;
   * it compares those with `now()`, because an index can't be used with a clock that moves within the statement.
   */
  const writing = (change: string): string =>
    `WITH written AS (${change} RETURNING key, value), told AS (${notification}),
     swept AS (DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE prefix = $1 AND key <> $2
       AND expires_at < now() - interval '1 hour' LIMIT ${SWEPT})))
     SELECT count(told) AS written, ${NOW} AS now FROM told`;
  const live = "prefix = $1 AND starts_with(key, $2) AND expires_at > clock_timestamp()";
  const listing = (which: string): string =>
    `SELECT head.*, key, value FROM (SELECT ${NOW} AS now, txid_snapshot_xmin(txid_current_snapshot())::text AS next,
       coalesce((SELECT max(changed) FROM ${table} WHERE prefix = $1), 0)::text AS newest,
       extract(epoch FROM pg_postmaster_start_time()) || '.' || coalesce(pg_relation_filenode('${table}'::regclass), 0) AS life) AS head
     LEFT JOIN (SELECT key, value FROM ${table} WHERE ${which}) AS found ON true`;
  const insert = `INSERT INTO ${table} AS old (prefix, key, value, expires_at, changed) VALUES ($1, $2, $3, ${EXPIRES}, ${CHANGED})
     ON CONFLICT (prefix, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at, changed = excluded.changed`;
  return {
    get: `SELECT value, ${NOW} AS now FROM ${table} WHERE prefix = $1 AND key = $2 AND expires_at > clock_timestamp()`,
    set: writing(insert),
    create: writing(`${insert} WHERE old.expires_at <= clock_timestamp()`),
    replace: writing(
      `UPDATE ${table} SET value = $3, expires_at = ${EXPIRES}, changed = ${CHANGED} WHERE prefix = $1 AND key = $2 AND value = $5 AND expires_at > clock_timestamp()`,
    ),
    delete: `DELETE FROM ${table} WHERE prefix = $1 AND key = $2`,
    schema: `SELECT ${schema} AS schema`,
    // Every transaction before `next` is over, and what it wrote is in this list; running ones come in the next list. A
    // server that was restarted or failed over may lack the last writes, and so does a table whose newest row is gone.
    list: listing(`${live} AND changed >= $3::bigint`),
    first: `${listing(`${live} ORDER BY key LIMIT $3`)} ORDER BY key`,
    page: `${listing(`${live} AND key > $4 ORDER BY key LIMIT $3`)} ORDER BY key`,
  };
}

/** One row for each record, and one empty row if there is none. */
interface Listed {
  readonly now: unknown;
  readonly next: string;
  readonly newest: string;
  readonly life: string;
  readonly key: string | null;
  readonly value: string | null;
}

const entriesOf = (rows: readonly Listed[]): StoreEntry[] =>
  rows.flatMap(({ key, value, now }) =>
    key === null || value === null ? [] : { key, value, now: Number(now) },
  );

const listingOf = ({
  life,
  next,
  newest,
  now,
}: Listed): { readonly now: number; readonly cursor: string } => ({
  now: Number(now),
  cursor: `${life}/${next}/${newest}`,
});

const advice = (table: string): Readonly<Record<string, string>> => ({
  "25006": "the store needs a server that takes writes: give it the primary",
  "42501": `the store needs SELECT, INSERT, UPDATE and DELETE on ${table}; migrate() needs CREATE as well`,
  "42703": "the table is not the store's, or an older one: compare it with assets/sql/postgres.sql",
  "42P01": "run store.migrate(), or assets/sql/postgres.sql",
});

/** What `migrate()` runs; the same as `assets/sql/postgres.sql`. */
export const migration = (table: string): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS ${table} (
  prefix text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  value text NOT NULL,
  expires_at timestamptz NOT NULL,
  changed bigint NOT NULL DEFAULT txid_current(), -- the transaction that wrote it
  PRIMARY KEY (prefix, key)
)`,
  `CREATE INDEX IF NOT EXISTS ${table.replace(/.*\./, "")}_changed ON ${table} (prefix, changed)`,
  `CREATE INDEX IF NOT EXISTS ${table.replace(/.*\./, "")}_expires ON ${table} (prefix, expires_at)`,
];

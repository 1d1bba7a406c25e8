import { type PostgresJs, type QueryClient, rowsOf } from "../postgres/client.js";
import { checkOptions } from "../shared/options.js";
import type { DjangoCache, Held } from "./marker.js";

/** The part of a `mysql2/promise` pool that the store uses, or of a mysql2 pool, which contains one. */
export interface Mysql2Client {
  execute(text: string, params: never): unknown;
  promise?(): unknown;
}

/**
 * The part of better-sqlite3's `Database`, `node:sqlite`'s `DatabaseSync` or `bun:sqlite`'s `Database` that is used.
 */
export interface SqliteDatabase {
  prepare(text: string): { all(...params: never[]): unknown[]; run(...params: never[]): unknown };
}

/** A client for the database in which Django's cache is. */
export type DjangoDatabaseClient = QueryClient | PostgresJs | Mysql2Client | SqliteDatabase;

/** Where Django's cache is in the database. */
export interface DjangoDatabaseOptions {
  /**
   * The table: the cache's `LOCATION` in Django. Letters, digits and `_`, after its schema and a point if it has one.
   *
   * @default "django_cache"
   */
  readonly table?: string;
}

/** Statements for one row. The units and the clock are those of the database. */
interface Dialect {
  readonly quote: string;
  /** One row, whether found or not: the value, its remaining life, the time. */
  readonly read: string;
  /** Key, value, seconds. */
  readonly mark: string;
  readonly clear: string;
}

type Run = (text: string, params: readonly unknown[]) => PromiseLike<readonly unknown[]>;

/**
 * Django's cache in a database: `DatabaseCache` on PostgreSQL, on MySQL or MariaDB, or on SQLite. For the last two
 * Django must have `USE_TZ = True`. Markers are rows with a pickled number, in the form that Django itself would write.
 *
 * @param client a pool of pg, postgres.js's sql, PGlite, a pool of mysql2/promise, better-sqlite3, node:sqlite or bun:sqlite.
 * @throws {TypeError} anything else, and a table's name with other characters.
 */
export function djangoDatabase(
  client: DjangoDatabaseClient,
  options: DjangoDatabaseOptions = {},
): DjangoCache {
  checkOptions("djangoDatabase", options, ["table"]);
  const { table = "django_cache" } = options;
  if (typeof table !== "string" || !/^[a-z_]\w*(\.[a-z_]\w*)?$/i.test(table)) {
    throw new TypeError(
      `the table of djangoDatabase() is ${JSON.stringify(table)}: it takes letters, digits and _, and a schema before a point`,
    );
  }
  const { dialect, run } = detectClient(client);
  const quoted = table.replace(/\w+/g, (name) => dialect.quote + name + dialect.quote);
  const ask = (statement: string, ...params: unknown[]): PromiseLike<readonly unknown[]> =>
    run(statement.replace("TABLE", quoted), params);
  return {
    // Django itself can't store a longer key, and a text of PostgreSQL can't contain a zero.
    fits: (key) => [...key].length <= 255 && !key.includes("\0"),
    async read(key) {
      const [row] = (await ask(dialect.read, key)) as { value: unknown; remaining: unknown; now: unknown }[];
      return { bytes: unwrap(row?.value), left: known(row?.remaining), now: known(row?.now) };
    },
    // One second more, since Django compares with a whole second.
    mark: async (key, mark, ms) => ask(dialect.mark, key, wrap(mark), Math.ceil(ms / 1_000) + 1),
    clear: async (key) => ask(dialect.clear, key),
  };
}

const { atob, btoa } = globalThis as unknown as { atob(text: string): string; btoa(text: string): string };

/** A whole number in Python's first pickle protocol, in base64, as in Django's table. */
const wrap = (mark: number): string => btoa(`L${mark}L\n.`);

function unwrap(value: unknown): Held["bytes"] {
  if (value === undefined || value === null) return null;
  const text = String(value);
  try {
    const bytes = atob(text);
    return /^L(\d+)L\n\.$/.exec(bytes)?.[1] ?? bytes;
  } catch {
    // Not base64, so not written by Django: Python would raise an error, and here it counts as open.
    return `?${text}`;
  }
}

const known = (value: unknown): number | undefined =>
  value === null || value === undefined ? undefined : Number(value);

const POSTGRES: Dialect = {
  quote: '"',
  read: `SELECT value, (extract(epoch FROM expires - clock_timestamp()) * 1000)::float8 AS remaining,
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now
    FROM (SELECT 1) AS one LEFT JOIN TABLE ON cache_key = $1 AND expires > clock_timestamp()`,
  mark: `INSERT INTO TABLE AS old (cache_key, value, expires)
    VALUES ($1, $2, date_trunc('second', clock_timestamp()) + $3::float8 * interval '1 second')
    ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires
    WHERE old.expires < excluded.expires`,
  clear: "DELETE FROM TABLE WHERE cache_key = $1",
};

const MYSQL: Dialect = {
  quote: "`",
  read: `SELECT value, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), expires) / 1000 AS remaining,
    UNIX_TIMESTAMP(NOW(6)) * 1000 AS now
    FROM (SELECT 1) AS one LEFT JOIN TABLE ON cache_key = ? AND expires > UTC_TIMESTAMP(6)`,
  mark: `INSERT INTO TABLE (cache_key, value, expires) VALUES (?, ?, UTC_TIMESTAMP() + INTERVAL ? SECOND)
    ON DUPLICATE KEY UPDATE value = IF(expires < VALUES(expires), VALUES(value), value),
    expires = GREATEST(expires, VALUES(expires))`,
  clear: "DELETE FROM TABLE WHERE cache_key = ?",
};

const SQLITE: Dialect = {
  quote: '"',
  read: `SELECT value, (julianday(expires) - julianday('now')) * 86400000 AS remaining,
    (julianday('now') - 2440587.5) * 86400000 AS now
    FROM (SELECT 1) AS one LEFT JOIN TABLE ON cache_key = ? AND julianday(expires) > julianday('now')`,
  mark: `INSERT INTO TABLE (cache_key, value, expires) VALUES (?, ?, datetime('now', '+' || ? || ' seconds'))
    ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires
    WHERE julianday(expires) < julianday(excluded.expires)`,
  clear: "DELETE FROM TABLE WHERE cache_key = ?",
};

/** Recognises clients by their methods. */
function detectClient(client: DjangoDatabaseClient): { readonly dialect: Dialect; readonly run: Run } {
  const found = (client ?? {}) as Partial<QueryClient & PostgresJs & Mysql2Client & SqliteDatabase>;
  if (typeof found.unsafe === "function") {
    const sql = client as PostgresJs;
    return { dialect: POSTGRES, run: (text, params) => sql.unsafe(text, params as never[]) };
  }
  if (typeof found.execute === "function") {
    const given = client as Mysql2Client;
    const pool = (given.promise?.() ?? given) as Mysql2Client;
    const run: Run = async (text, params) => {
      const [rows] = (await pool.execute(text, params as never)) as unknown[];
      return Array.isArray(rows) ? rows : [];
    };
    return { dialect: MYSQL, run };
  }
  if (typeof found.prepare === "function") {
    const database = client as SqliteDatabase;
    const run: Run = async (text, params) => {
      const statement = database.prepare(text);
      if (text.startsWith("SELECT")) return statement.all(...(params as never[]));
      statement.run(...(params as never[]));
      return [];
    };
    return { dialect: SQLITE, run };
  }
  if (typeof found.query === "function") {
    const pool = client as QueryClient;
    return { dialect: POSTGRES, run: async (text, params) => rowsOf(await pool.query(text, [...params])) };
  }
  throw new TypeError(
    "djangoDatabase() takes a pool of pg, an sql of postgres.js, a pool of mysql2/promise, or a database of " +
      "better-sqlite3, node:sqlite or bun:sqlite: this is something else",
  );
}

import type { Store, StoreEntry, SwapResult } from "../options/store.js";
import { keepAlive } from "../runtime/keep-alive.js";
import { detectClient, type MysqlPool } from "./mysql/pool.js";
import { withAdvice } from "./shared/advice.js";
import { checkOptions, checkPrefix } from "./shared/options.js";
import { inPages } from "./shared/pages.js";

export type { CallbackPool, MysqlConnection, MysqlPool, MysqlQuery, PromisePool } from "./mysql/pool.js";

/** The options of `mysqlStore`. */
export interface MysqlStoreOptions {
  /** Names the fleet: processes that use the same table and prefix share their circuits. Default: `"failfast"`. */
  readonly prefix?: string;
  /** The table: letters, digits, `_` and `-`, after its database and a point if it has one. Default: `"failfast"`. */
  readonly table?: string;
}

/** A store in a table of MySQL or MariaDB. */
export interface MysqlStore extends Store {
  /** Creates the table if it is missing, as `assets/sql/mysql.sql` does. */
  migrate(): Promise<void>;
}

/**
 * A store in MySQL 5.7 or MariaDB 10.3, or newer, through a pool of mysql2, with promises or callbacks. All methods
 * except `watch`: other processes learn of a change by polling, within some 1.2 s.
 *
 * What it stores doesn't depend on the pool's settings: character set, time zone, `sql_mode`, flags. The pool is the
 * caller's, and never configured or closed; a connection without an answer for 2 s is removed from it.
 *
 * @example
 * const store = mysqlStore(createPool(url)); // of "mysql2/promise"
 * await store.migrate(); // or run assets/sql/mysql.sql
 * const salesApi = failfast("sales_api", 60, { store });
 *
 * @throws {TypeError} anything but a pool, an unknown option, a prefix that is not a text, a table's name that would
 * have to be escaped.
 */
export function mysqlStore(pool: MysqlPool, options: MysqlStoreOptions = {}): MysqlStore {
  checkOptions("mysqlStore", options, ["prefix", "table"]);
  const { table = "failfast" } = options;
  if (!/^[\w-]{1,64}(\.[\w-]{1,64})?$/.test(table))
    throw new TypeError(
      `the table of mysqlStore() is ${JSON.stringify(table)}: it takes letters, digits, _ and -, and a database before a point`,
    );
  return storeIn(detectClient(pool), table, checkPrefix("mysqlStore", options.prefix));
}

function storeIn(server: ReturnType<typeof detectClient>, table: string, prefix: string): MysqlStore {
  const sql = statements(table, literal(prefix));

  const failWithAdvice = (error: unknown): never => {
    throw withAdvice(error, advice(table));
  };
  const database: typeof server = {
    rows: (text, withinMs) => server.rows(text, withinMs).catch(failWithAdvice),
    write: (text) => server.write(text).catch(failWithAdvice),
  };

  async function look(key: string): Promise<{ value: string | null; now: number }> {
    const [[now, value] = []] = await database.rows(sql.get(literal(key)));
    return { value: text(value), now: Number(now) };
  }

  /**
   * Removes some of what expired an hour ago. It is found by a read that locks nothing, or removed by the next write.
   */
  async function sweep(): Promise<void> {
    const old = await database.rows(sql.expired);
    if (old.length > 0) await database.write(sql.remove(old.map(([id]) => `X'${String(id)}'`)));
  }
  const sweepBehind = (): void => void sweep().catch(() => undefined);

  return {
    get: async (key) => (await look(key)).value,
    async set(key, value, ttlMs) {
      await database.write(sql.set(literal(key), literal(value), whole(ttlMs)));
      sweepBehind();
    },
    async delete(key) {
      await database.write(sql.delete(literal(key)));
    },
    async swap(key, expect, value, ttlMs): Promise<SwapResult> {
      const args = [literal(key), literal(value), whole(ttlMs)] as const;
      const { insertId } = await database.write(
        expect === null ? sql.create(...args) : sql.replace(...args, literal(expect)),
      );
      if (Number(insertId) === 0) return { ok: false, ...(await look(key)) };
      sweepBehind();
      return { ok: true, value, now: Number(insertId) };
    },
    async list(start, since = "") {
      const [, host, at, newest] = /^([^/]*)\/(\d{1,17})\/(\d{1,17})$/.exec(since) ?? [];
      if (at !== undefined) {
        const rows = await database.rows(sql.list(literal(start), Math.max(0, Number(at) - OVERLAP)));
        const head = headOf(rows);
        const known =
          head.host === host && Number(at) <= Number(head.at) && Number(newest) <= Number(head.newest);
        if (known) return { ...listingOf(head), entries: rows.flatMap(entryOf), complete: false };
      }
      let head: Head | undefined;
      let after = "";
      const entries = await inPages<StoreEntry>(async (limit) => {
        const rows = await database.rows(sql.page(literal(start), after, limit), WHOLE_LIST_WITHIN);
        head ??= headOf(rows);
        after = String(rows.at(-1)?.[6]);
        return rows.flatMap(entryOf);
      });
      return { ...listingOf(head as Head), entries, complete: true };
    },
    sibling: (name) => storeIn(server, table, `${prefix}:@${name}`),
    async migrate() {
      await keepAlive(database.write(migration(quoted(table))));
    },
  };
}

/** What the first columns of a list say about the server. */
interface Head {
  readonly host: string | null;
  /** The server's clock, and the newest change, in microseconds. */
  readonly at: string;
  readonly newest: string;
}

/** @throws {Error} connections that are not in autocommit mode. */
function headOf([row = []]: readonly (readonly unknown[])[]): Head {
  const [host, at, newest, commits] = row;
  if (Number(commits) === 0)
    throw new Error("the pool's connections are not in autocommit mode, so the store's writes are undone");
  return { host: text(host), at: String(at), newest: String(newest) };
}

const listingOf = ({ host, at, newest }: Head): { readonly now: number; readonly cursor: string } => ({
  now: Math.floor(Number(at) / 1_000),
  cursor: `${host}/${at}/${newest}`,
});

const entryOf = ([, at, , , key, value]: readonly unknown[]): StoreEntry[] =>
  text(key) === null ? [] : [{ key: String(key), value: String(value), now: Math.floor(Number(at) / 1_000) }];

/** Bytes, which arrive as a Buffer. */
const text = (value: unknown): string | null =>
  value === null || value === undefined ? null : String(value);

/**
 * A text as the hexadecimal literal of its UTF-8. Nothing in it needs escaping, whatever `sql_mode` is, and no
 * character set of a connection changes it. Half a character becomes U+FFFD, as in UTF-8 everywhere.
 */
function literal(value: string): string {
  const escaped = encodeURIComponent(value.replace(/\p{Surrogate}/gu, "\ufffd"));
  return `X'${escaped.replace(/%(..)|./g, (sign, byte?: string) => byte ?? sign.charCodeAt(0).toString(16))}'`;
}

const whole = (ms: number): number => Math.ceil(ms);

const quoted = (table: string): string => `\`${table.replace(".", "`.`")}\``;

/** The server's clock, in whole ms since the epoch. It does not use a time zone, whose hours occur twice in autumn. */
const NOW = "TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', UTC_TIMESTAMP(3)) DIV 1000";
/**
 * The same in microseconds, at the moment when a row is written, and not when its statement began: the statement may
 * have waited for a lock.
 */
const CHANGED =
  "(TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', UTC_TIMESTAMP(6)) + TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)))";
/**
 * A list of changes goes back this much behind its cursor, in microseconds: writes from then may have arrived later.
 */
const OVERLAP = 5_000_000;
/** A list of all records may take this long: 100 000 of them take some seconds on a busy server. */
const WHOLE_LIST_WITHIN = 20_000;
const HOUR_MS = 3_600_000;
/** How many old rows a write removes. */
const SWEPT = 100;

/**
 * Rows are found by hashes, so that an index is long enough for every key, and they are compared as bytes, so that
 * collations don't matter. `LAST_INSERT_ID(…)` tells whether a swap wrote, and also returns the clock; the row count
 * would depend on a flag of the connection.
 */
function statements(name: string, prefix: string) {
  const table = quoted(name);
  const hash = (of: string): string => `UNHEX(SHA2(${of}, 256))`;
  const fleet = `fleet = ${hash(prefix)}`;
  const row = (key: string): string => `${fleet} AND id = ${hash(key)}`;
  const insert = (key: string, value: string, expires: string): string =>
    `INSERT INTO ${table} (fleet, id, prefix, name, value, expires_at, changed)
     VALUES (${hash(prefix)}, ${hash(key)}, ${prefix}, ${key}, ${value}, ${expires}, ${CHANGED}) ON DUPLICATE KEY UPDATE`;
  const live = (start: string): string =>
    `expires_at > ${NOW} AND LEFT(CAST(name AS BINARY), LENGTH(${start})) = ${start}`;
  const listing = (which: string): string =>
    `SELECT head.*, CAST(name AS BINARY), CAST(value AS BINARY), HEX(id) FROM
     (SELECT HEX(CONCAT(@@hostname, ':', @@port, ':', @@server_id)), ${CHANGED},
       COALESCE((SELECT MAX(changed) FROM ${table} WHERE ${fleet}), 0), @@autocommit) AS head
     LEFT JOIN (SELECT id, name, value FROM ${table} WHERE ${fleet} AND ${which}) AS found ON TRUE`;
  const granted = (ttlMs: number): string => `LAST_INSERT_ID(${NOW}) + ${ttlMs}`;
  return {
    get: (key: string) =>
      `SELECT ${NOW}, (SELECT CAST(value AS BINARY) FROM ${table} WHERE ${row(key)} AND expires_at > ${NOW})`,
    set: (key: string, value: string, ttlMs: number) =>
      `${insert(key, value, `${NOW} + ${ttlMs}`)} value = ${value}, expires_at = ${NOW} + ${ttlMs}, changed = ${CHANGED}`,
    // From left to right: the value before what depends on it.
    create: (key: string, value: string, ttlMs: number) =>
      `${insert(key, value, granted(ttlMs))} value = IF(expires_at <= ${NOW}, ${value}, value),
       changed = IF(expires_at <= ${NOW}, ${CHANGED}, changed),
       expires_at = IF(expires_at <= ${NOW}, ${granted(ttlMs)}, expires_at + LAST_INSERT_ID(0))`,
    replace: (key: string, value: string, ttlMs: number, expect: string) =>
      `UPDATE ${table} SET value = ${value}, expires_at = ${granted(ttlMs)}, changed = ${CHANGED}
       WHERE ${row(key)} AND expires_at > ${NOW} AND CAST(value AS BINARY) = ${expect}`,
    delete: (key: string) => `DELETE FROM ${table} WHERE ${row(key)}`,
    list: (start: string, from: number) => listing(`changed >= ${from} AND ${live(start)}`),
    page: (start: string, after: string, limit: number) =>
      `${listing(`id > X'${after}' AND ${live(start)} ORDER BY id LIMIT ${limit}`)} ORDER BY id`,
    expired: `SELECT HEX(id) FROM ${table} WHERE ${fleet} AND expires_at < ${NOW} - ${HOUR_MS} LIMIT ${SWEPT}`,
    remove: (ids: readonly string[]) =>
      `DELETE FROM ${table} WHERE ${fleet} AND id IN (${ids.join(", ")}) AND expires_at < ${NOW} - ${HOUR_MS}`,
  };
}

const READ_ONLY = "the store needs a server that takes writes: give it the primary";
const DENIED = (table: string): string =>
  `the store needs SELECT, INSERT, UPDATE and DELETE on ${table}; migrate() needs CREATE as well`;
const advice = (table: string): Readonly<Record<string, string>> => ({
  "1044": DENIED(table),
  "1054": "the table is not the store's, or an older one: compare it with assets/sql/mysql.sql",
  "1142": DENIED(table),
  "1146": "run store.migrate(), or assets/sql/mysql.sql",
  "1290": READ_ONLY,
  "1792": READ_ONLY,
  "1836": READ_ONLY,
});

/** What `migrate()` runs; the same as `assets/sql/mysql.sql`. */
export const migration = (table: string): string => `CREATE TABLE IF NOT EXISTS ${table} (
  fleet BINARY(32) NOT NULL COMMENT 'SHA-256 of prefix',
  id BINARY(32) NOT NULL COMMENT 'SHA-256 of name',
  prefix LONGTEXT NOT NULL,
  name LONGTEXT NOT NULL,
  value LONGTEXT NOT NULL,
  expires_at BIGINT NOT NULL COMMENT 'ms since the epoch',
  changed BIGINT NOT NULL DEFAULT 0 COMMENT 'microseconds since the epoch',
  PRIMARY KEY (fleet, id),
  KEY changed (fleet, changed),
  KEY expires (fleet, expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

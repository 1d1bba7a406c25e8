import { detectClient, type MysqlPool } from "./mysql/pool.js";
import { withAdvice } from "./shared/advice.js";
import { checkOptions, checkPrefix } from "./shared/options.js";
import type { Store, SwapResult } from "./store.js";

export type { CallbackPool, MysqlConnection, MysqlPool, MysqlQuery, PromisePool } from "./mysql/pool.js";

export interface MysqlStoreOptions {
  /** Names the fleet: circuits are shared by the processes that use the same table and prefix. Default: `"failfast"`. */
  readonly prefix?: string;
  /** The table, in letters, digits, `_` and `-`, with its database before a point where it has one. Default: `"failfast"`. */
  readonly table?: string;
}

/** A store in a table of MySQL or MariaDB. */
export interface MysqlStore extends Store {
  /** Makes the table where it is missing, as `assets/sql/mysql.sql` does. */
  migrate(): Promise<void>;
}

/**
 * A store in MySQL 5.7 or MariaDB 10.3, or newer, through a pool of mysql2, with promises or callbacks. All verbs
 * but `watch`: other processes learn of a change by polling, within some 1.2 s.
 *
 * What it stores doesn't depend on the pool's settings: character set, time zone, `sql_mode`, flags. The pool is the
 * caller's, and never configured or closed; a connection that gives no answer for 2 s is taken out of it.
 *
 * @example
 * const store = mysqlStore(createPool(url)); // of "mysql2/promise"
 * await store.migrate(); // or run assets/sql/mysql.sql
 * const salesApi = failfast("sales_api", 60, { store });
 *
 * @throws {TypeError} what is no pool, an unknown option, a prefix that is no text, a table's name that would have to be escaped.
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

  const told = (error: unknown): never => {
    throw withAdvice(error, advice(table));
  };
  const database: typeof server = {
    rows: (text) => server.rows(text).catch(told),
    write: (text) => server.write(text).catch(told),
  };

  async function look(key: string): Promise<{ value: string | null; now: number }> {
    const [[now, value] = []] = await database.rows(sql.get(literal(key)));
    return { value: text(value), now: Number(now) };
  }

  /** Some of what expired an hour ago. Found by a read that locks nothing, and gone with the next write otherwise. */
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
      const ask = (from: number): ReturnType<typeof database.rows> =>
        database.rows(sql.list(literal(start), from));
      let rows = await ask(at === undefined ? 0 : Math.max(0, Number(at) - OVERLAP));
      const [head = []] = rows;
      if (Number(head[3]) === 0)
        throw new Error(
          "the pool's connections are not in autocommit, so that what the store writes is undone",
        );
      const complete =
        text(head[0]) !== host || Number(at) > Number(head[1]) || Number(newest) > Number(head[2]);
      if (complete && at !== undefined) rows = await ask(0);
      const now = Math.floor(Number(rows[0]?.[1]) / 1_000);
      return {
        entries: rows.flatMap(([, , , , key, value]) =>
          text(key) === null ? [] : { key: String(key), value: String(value), now },
        ),
        now,
        cursor: `${rows[0]?.[0]}/${rows[0]?.[1]}/${rows[0]?.[2]}`,
        complete,
      };
    },
    sibling: (name) => storeIn(server, table, `${prefix}:@${name}`),
    async migrate() {
      await database.write(migration(quoted(table)));
    },
  };
}

/** Bytes, which come as a Buffer. */
const text = (value: unknown): string | null =>
  value === null || value === undefined ? null : String(value);

/**
 * A text as the hexadecimal literal of its UTF-8: there is nothing in it to escape, whatever `sql_mode` says, and no
 * character set of a connection to go through. What is half a character becomes U+FFFD, as in UTF-8 everywhere.
 */
function literal(value: string): string {
  const escaped = encodeURIComponent(value.replace(/\p{Surrogate}/gu, "\ufffd"));
  return `X'${escaped.replace(/%(..)|./g, (sign, byte?: string) => byte ?? sign.charCodeAt(0).toString(16))}'`;
}

const whole = (ms: number): number => Math.ceil(ms);

const quoted = (table: string): string => `\`${table.replace(".", "`.`")}\``;

/** The server's clock, in whole ms since the epoch: not by way of a time zone, whose hours come twice in autumn. */
const NOW = "TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', UTC_TIMESTAMP(3)) DIV 1000";
/**
 * The same in microseconds, at the moment in which a row is written rather than that in which its statement began, which
 * may have waited for another's lock.
 */
const CHANGED =
  "(TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', UTC_TIMESTAMP(6)) + TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)))";
/** How much of the time before a cursor is asked for again, in microseconds: what was written then may have come in later. */
const OVERLAP = 5_000_000;
const HOUR_MS = 3_600_000;
/** Old rows that a write takes along. */
const SWEPT = 100;

/**
 * Rows are found by hashes, so that no index is too short for a key, and compared as bytes, so that collations don't
 * matter. Whether a swap wrote is told by `LAST_INSERT_ID(…)`, which also brings the clock along: the count of rows
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
  const granted = (ttlMs: number): string => `LAST_INSERT_ID(${NOW}) + ${ttlMs}`;
  return {
    get: (key: string) =>
      `SELECT ${NOW}, (SELECT CAST(value AS BINARY) FROM ${table} WHERE ${row(key)} AND expires_at > ${NOW})`,
    set: (key: string, value: string, ttlMs: number) =>
      `${insert(key, value, `${NOW} + ${ttlMs}`)} value = ${value}, expires_at = ${NOW} + ${ttlMs}, changed = ${CHANGED}`,
    // From left to right: the value before what decides about it.
    create: (key: string, value: string, ttlMs: number) =>
      `${insert(key, value, granted(ttlMs))} value = IF(expires_at <= ${NOW}, ${value}, value),
       changed = IF(expires_at <= ${NOW}, ${CHANGED}, changed),
       expires_at = IF(expires_at <= ${NOW}, ${granted(ttlMs)}, expires_at + LAST_INSERT_ID(0))`,
    replace: (key: string, value: string, ttlMs: number, expect: string) =>
      `UPDATE ${table} SET value = ${value}, expires_at = ${granted(ttlMs)}, changed = ${CHANGED}
       WHERE ${row(key)} AND expires_at > ${NOW} AND CAST(value AS BINARY) = ${expect}`,
    delete: (key: string) => `DELETE FROM ${table} WHERE ${row(key)}`,
    list: (start: string, from: number) =>
      `SELECT head.*, CAST(name AS BINARY), CAST(value AS BINARY) FROM
       (SELECT HEX(CONCAT(@@hostname, ':', @@port, ':', @@server_id)), ${CHANGED},
         COALESCE((SELECT MAX(changed) FROM ${table} WHERE ${fleet}), 0), @@autocommit) AS head
       LEFT JOIN ${table} ON ${fleet} AND changed >= ${from} AND expires_at > ${NOW}
         AND LEFT(CAST(name AS BINARY), LENGTH(${start})) = ${start}`,
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

/** What `migrate()` runs, and `assets/sql/mysql.sql` says. */
export const migration = (table: string): string => `CREATE TABLE IF NOT EXISTS ${table} (
  fleet BINARY(32) NOT NULL COMMENT 'SHA-256 of prefix',
  id BINARY(32) NOT NULL COMMENT 'SHA-256 of name',
  prefix LONGTEXT NOT NULL,
  name LONGTEXT NOT NULL,
  value LONGTEXT NOT NULL,
  expires_at BIGINT NOT NULL COMMENT 'ms since the epoch',
  changed BIGINT NOT NULL DEFAULT 0 COMMENT 'microseconds since the epoch',
  PRIMARY KEY (fleet, id),
  KEY changed (fleet, changed)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

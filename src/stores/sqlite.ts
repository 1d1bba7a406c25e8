import { systemClock } from "../runtime/system-clock.js";
import { checkOptions, checkPrefix } from "./shared/options.js";
import { access, type SqliteDatabase } from "./sqlite/database.js";
import type { Store, StoreEntry, StoreListing, SwapResult } from "./store.js";

export type { SqliteDatabase, SqliteStatement } from "./sqlite/database.js";

export interface SqliteStoreOptions {
  /** Names the fleet: circuits are shared by the processes that use the same file, table and prefix. Default: `"failfast"`. */
  readonly prefix?: string;
  /** The table, in letters, digits and `_`. Default: `"failfast"`. */
  readonly table?: string;
}

/** A store in a table of SQLite: every verb answers at once. */
export interface SqliteStore extends Store {
  get(key: string): string | null;
  set(key: string, value: string, ttlMs: number): void;
  delete(key: string): void;
  swap(key: string, expect: string | null, value: string, ttlMs: number): SwapResult;
  list(prefix: string, since?: string): StoreListing;
  /** Makes the table where it is missing, as `assets/sql/sqlite.sql` does. */
  migrate(): void;
}

/**
 * A store in a SQLite database, through better-sqlite3, `node:sqlite` or `bun:sqlite`: for the processes of one host.
 * It answers without promises, so that a sync call probes at once. All verbs but `watch`: other processes learn of a
 * change by polling, within some 1.2 s.
 *
 * Where another process holds the lock it waits at most 50 ms, and the event loop with it, whatever the database's own
 * time-out is. Give it a connection of its own: in a transaction of yours, what it writes would be undone with it.
 *
 * @example
 * const store = sqliteStore(new Database("/var/lib/shop/failfast.db")); // better-sqlite3
 * store.migrate(); // or run assets/sql/sqlite.sql
 * const salesApi = failfast("sales_api", 60, { store });
 *
 * @throws {TypeError} what is no such database, an unknown option, a prefix that is no text, a table's name that would have to be escaped.
 */
export function sqliteStore(database: SqliteDatabase, options: SqliteStoreOptions = {}): SqliteStore {
  checkOptions("sqliteStore", options, ["prefix", "table"]);
  const { table = "failfast" } = options;
  const prefix = checkPrefix("sqliteStore", options.prefix);
  if (!/^[A-Za-z_]\w*$/.test(table))
    throw new TypeError(
      `the table of sqliteStore() is ${JSON.stringify(table)}: it takes letters, digits and _, and begins with no digit`,
    );
  const { change, row, rows, briefly } = access(database);
  const sql = statements(table);
  const clock = systemClock.wall;
  let sweptAt = 0;

  const read = (key: string): string | null => {
    const [value] = row(sql.get, prefix, key, clock());
    return value === undefined ? null : String(value);
  };
  const write = (text: string, ...params: (string | number)[]): boolean => {
    const changed = change(text, ...params) > 0;
    const now = clock();
    if (changed && (now < sweptAt || now > sweptAt + SWEEP_EVERY)) {
      sweptAt = now;
      try {
        change(sql.sweep, prefix, now - HOUR_MS);
      } catch {
        // What was asked for is written.
      }
    }
    return changed;
  };

  return {
    get: (key) => briefly(() => read(key)),
    set: (key, value, ttlMs) =>
      briefly(() => void write(sql.set, prefix, key, value, clock() + ttlMs, clock(), prefix)),
    delete: (key) => briefly(() => void change(sql.delete, prefix, key)),
    swap: (key, expect, value, ttlMs): SwapResult =>
      briefly(() => {
        const now = clock();
        const ok =
          expect === null
            ? write(sql.create, prefix, key, value, now + ttlMs, now, prefix, now)
            : write(sql.replace, value, now + ttlMs, now, prefix, prefix, key, expect, now);
        return { ok, value: ok ? value : read(key), now };
      }),
    list: (start, since = "") =>
      briefly(() => {
        const now = clock();
        const last = Number(row(sql.last, prefix)[0]);
        const from = Number(/^change (\d{1,16})$/.exec(since)?.[1] ?? Number.NaN);
        const complete = !(from <= last);
        const found = from === last ? [] : rows(sql.list, prefix, complete ? -1 : from, start, start, now);
        return {
          entries: found.map(([key, value]): StoreEntry => ({ key: String(key), value: String(value), now })),
          now,
          cursor: `change ${last}`,
          complete,
        };
      }),
    sibling: (name) => sqliteStore(database, { table, prefix: `${prefix}:@${name}` }),
    migrate() {
      for (const statement of migration(table)) change(statement);
    },
  };
}

const HOUR_MS = 3_600_000;
const SWEEP_EVERY = 60_000;

/**
 * Each is one statement, and so one transaction, which takes the lock for writing from its beginning. What isn't text,
 * for somebody else wrote it, is told and compared as one.
 */
function statements(table: string) {
  // One writer at a time: a higher number is a later change. It is the time, in microseconds, or one more than the last.
  const changed = `(SELECT max(1 + coalesce(max(changed), 0), 1000 * ?) FROM ${table} WHERE prefix = ?)`;
  const insert = `INSERT INTO ${table} (prefix, name, value, expires_at, changed) VALUES (?, ?, ?, ?, ${changed})
    ON CONFLICT (prefix, name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at, changed = excluded.changed`;
  return {
    get: `SELECT CAST(value AS TEXT) FROM ${table} WHERE prefix = ? AND name = ? AND expires_at > ?`,
    set: insert,
    create: `${insert} WHERE ${table}.expires_at <= ?`,
    replace: `UPDATE ${table} SET value = ?, expires_at = ?, changed = ${changed} WHERE prefix = ? AND name = ?
      AND CAST(value AS TEXT) = ? AND expires_at > ?`,
    delete: `DELETE FROM ${table} WHERE prefix = ? AND name = ?`,
    last: `SELECT coalesce(max(changed), 0) FROM ${table} WHERE prefix = ?`,
    list: `SELECT CAST(name AS TEXT), CAST(value AS TEXT) FROM ${table} WHERE prefix = ? AND changed > ?
      AND substr(name, 1, length(?)) = ? AND expires_at > ?`,
    sweep: `DELETE FROM ${table} WHERE prefix = ? AND expires_at < ?`,
  };
}

/** What `migrate()` runs, and `assets/sql/sqlite.sql` says. */
export const migration = (table: string): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS ${table} (
  prefix TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  expires_at INTEGER NOT NULL, -- ms since the epoch
  changed INTEGER NOT NULL DEFAULT 0, -- grows with every write
  PRIMARY KEY (prefix, name)
) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS ${table}_changed ON ${table} (prefix, changed)`,
];

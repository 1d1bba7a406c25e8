import type { Store, StoreListing, SwapResult } from "../options/store.js";
import { systemClock } from "../runtime/system-clock.js";
import { checkOptions, checkPrefix } from "./shared/options.js";
import { access, type SqliteDatabase } from "./sqlite/database.js";
import { migration, tableRecords } from "./sqlite/records.js";

export type { SqliteDatabase, SqliteStatement } from "./sqlite/database.js";
export { migration } from "./sqlite/records.js";

/** The options of `sqliteStore`. */
export interface SqliteStoreOptions {
  /**
   * Names the fleet: processes that use the same file, table and prefix share their circuits. Default: `"failfast"`.
   */
  readonly prefix?: string;
  /** The table: letters, digits and `_`. Default: `"failfast"`. */
  readonly table?: string;
}

/** A store in a table of SQLite. Every method answers at once. */
export interface SqliteStore extends Store {
  get(key: string): string | null;
  set(key: string, value: string, ttlMs: number): void;
  delete(key: string): void;
  swap(key: string, expect: string | null, value: string, ttlMs: number): SwapResult;
  list(prefix: string, since?: string): StoreListing;
  /** Creates the table if it is missing, as `assets/sql/sqlite.sql` does. */
  migrate(): void;
}

/**
 * A store in a SQLite database, through better-sqlite3, `node:sqlite` or `bun:sqlite`, for the processes of one host.
 * It answers without promises, so that a sync call probes at once. All methods except `watch`: other processes learn of
 * a change by polling, within some 1.2 s.
 *
 * If another process holds the lock it waits at most 50 ms, whatever the database's own time-out is, and the event loop
 * waits with it. Give it a connection of its own: if it used one with a transaction of yours, a rollback would also
 * undo the store's writes.
 *
 * @example
 * const store = sqliteStore(new Database("/var/lib/shop/failfast.db")); // better-sqlite3
 * store.migrate(); // or run assets/sql/sqlite.sql
 * const salesApi = failfast("sales_api", 60, { store });
 *
 * @throws {TypeError} anything but such a database, an unknown option, a prefix that is not a text, a table's name that
 * would have to be escaped.
 */
export function sqliteStore(database: SqliteDatabase, options: SqliteStoreOptions = {}): SqliteStore {
  checkOptions("sqliteStore", options, ["prefix", "table"]);
  const { table = "failfast" } = options;
  const prefix = checkPrefix("sqliteStore", options.prefix);
  if (!/^[A-Za-z_]\w*$/.test(table))
    throw new TypeError(
      `the table of sqliteStore() is ${JSON.stringify(table)}: it takes letters, digits and _, and begins with no digit`,
    );
  const statements = access(database);
  const { change, briefly } = statements;
  const clock = systemClock.wall;
  let sweptAt = 0;

  // Pages of a list are read later, each of them briefly.
  const rows: typeof statements.rows = (...ask) => briefly(() => statements.rows(...ask));
  const records = tableRecords({ ...statements, rows }, table, prefix, () => {
    const now = clock();
    if (now >= sweptAt && now <= sweptAt + SWEEP_EVERY) return;
    sweptAt = now;
    try {
      change(`DELETE FROM ${table} WHERE prefix = ? AND expires_at < ?`, prefix, now - HOUR_MS);
    } catch {
      // The requested write is done.
    }
  });

  return {
    get: (key) => briefly(() => records.get(key)),
    set: (key, value, ttlMs) => briefly(() => records.set(key, value, ttlMs)),
    delete: (key) => briefly(() => records.delete(key)),
    swap: (key, expect, value, ttlMs) => briefly(() => records.swap(key, expect, value, ttlMs)),
    list: (start, since) => briefly(() => records.list(start, since)),
    sibling: (name) => sqliteStore(database, { table, prefix: `${prefix}:@${name}` }),
    migrate() {
      for (const statement of migration(table)) change(statement);
    },
  };
}

const HOUR_MS = 3_600_000;
const SWEEP_EVERY = 60_000;

import type { StoreEntry, StoreListing, SwapResult } from "../../options/store.js";
import { systemClock } from "../../runtime/system-clock.js";
import { PAGE } from "../shared/pages.js";

/** Runs statements on a database. A row is the list of its columns' values. */
export interface Statements {
  /** How many rows it changed. */
  change(sql: string, ...params: (string | number)[]): number;
  row(sql: string, ...params: (string | number)[]): unknown[];
  rows(sql: string, ...params: (string | number)[]): unknown[][];
}

/** The methods of a store in a table. All of them answer at once. */
export interface TableRecords {
  get(key: string): string | null;
  set(key: string, value: string, ttlMs: number): void;
  delete(key: string): void;
  swap(key: string, expect: string | null, value: string, ttlMs: number): SwapResult;
  list(prefix: string, since?: string): StoreListing;
}

const clock = systemClock.wall;

/** The records of one fleet in a table of SQLite. `written` is called after each change. */
export function tableRecords(
  { change, row, rows }: Statements,
  table: string,
  prefix: string,
  written: () => void,
): TableRecords {
  const sql = statements(table);

  const read = (key: string): string | null => {
    const [value] = row(sql.get, prefix, key, clock());
    return value === undefined ? null : String(value);
  };
  const write = (text: string, ...params: (string | number)[]): boolean => {
    const changed = change(text, ...params) > 0;
    if (changed) written();
    return changed;
  };

  /** All records. After the first page each is read when it is asked for, so that other work gets its turn. */
  const all = (start: string, now: number): Iterable<StoreEntry> => {
    const page = (after: string): StoreEntry[] =>
      entriesOf(rows(sql.page, prefix, after, start, start, now), now);
    const first = entriesOf(rows(sql.first, prefix, start, start, now), now);
    if (first.length < PAGE) return first;
    return {
      *[Symbol.iterator]() {
        for (let next = first; ; ) {
          yield* next;
          const last = next.at(-1);
          if (last === undefined || next.length < PAGE) return;
          next = page(last.key);
        }
      },
    };
  };

  return {
    get: read,
    set: (key, value, ttlMs) => void write(sql.set, prefix, key, value, clock() + ttlMs, clock(), prefix),
    delete: (key) => void change(sql.delete, prefix, key),
    swap(key, expect, value, ttlMs) {
      const now = clock();
      const ok =
        expect === null
          ? write(sql.create, prefix, key, value, now + ttlMs, now, prefix, now)
          : write(sql.replace, value, now + ttlMs, now, prefix, prefix, key, expect, now);
      return { ok, value: ok ? value : read(key), now };
    },
    list(start, since = "") {
      const now = clock();
      const last = Number(row(sql.last, prefix)[0]);
      const from = Number(/^change (\d{1,16})$/.exec(since)?.[1] ?? Number.NaN);
      const complete = !(from <= last);
      return {
        entries: complete
          ? all(start, now)
          : from === last
            ? []
            : entriesOf(rows(sql.list, prefix, from, start, start, now), now),
        now,
        cursor: `change ${last}`,
        complete,
      };
    },
  };
}

/**
 * Each is one statement, and so one transaction that has the write lock from its beginning. A value that isn't text,
 * written by somebody else, is returned as text and is equal to any expectation: its bytes may not come back as they are.
 */
function statements(table: string) {
  // There is one writer at a time: a higher number is a later change. It is the time in microseconds, or one more than
  // the last.
  const changed = `(SELECT max(1 + coalesce(max(changed), 0), 1000 * ?) FROM ${table} WHERE prefix = ?)`;
  const listed = `SELECT CAST(name AS TEXT), CAST(value AS TEXT) FROM ${table} WHERE prefix = ?`;
  const live = "substr(name, 1, length(?)) = ? AND expires_at > ?";
  const insert = `INSERT INTO ${table} (prefix, name, value, expires_at, changed) VALUES (?, ?, ?, ?, ${changed})
    ON CONFLICT (prefix, name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at, changed = excluded.changed`;
  return {
    get: `SELECT CAST(value AS TEXT) FROM ${table} WHERE prefix = ? AND name = ? AND expires_at > ?`,
    set: insert,
    create: `${insert} WHERE ${table}.expires_at <= ?`,
    replace: `UPDATE ${table} SET value = ?, expires_at = ?, changed = ${changed} WHERE prefix = ? AND name = ?
      AND (value = ? OR typeof(value) = 'blob') AND expires_at > ?`,
    delete: `DELETE FROM ${table} WHERE prefix = ? AND name = ?`,
    last: `SELECT coalesce(max(changed), 0) FROM ${table} WHERE prefix = ?`,
    list: `${listed} AND changed > ? AND ${live}`,
    first: `${listed} AND ${live} ORDER BY name LIMIT ${PAGE}`,
    page: `${listed} AND name > ? AND ${live} ORDER BY name LIMIT ${PAGE}`,
  };
}

const entriesOf = (rows: unknown[][], now: number): StoreEntry[] =>
  rows.map(([key, value]) => ({ key: String(key), value: String(value), now }));

/** What `migrate()` runs; the same as `assets/sql/sqlite.sql`. */
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

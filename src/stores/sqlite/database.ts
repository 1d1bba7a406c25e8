import { builtin } from "../../runtime/platform.js";
import { systemClock } from "../../runtime/system-clock.js";
import type { Statements } from "./records.js";

/** A prepared statement of better-sqlite3, `node:sqlite` or `bun:sqlite`. */
export interface SqliteStatement {
  run(...params: (string | number)[]): { readonly changes: number | bigint };
  get(...params: (string | number)[]): unknown;
  all(...params: (string | number)[]): unknown[];
}

/** A `Database` of better-sqlite3 or `bun:sqlite`, a `DatabaseSync` of `node:sqlite`. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement;
}

/**
 * How long a statement waits for a lock that another process holds, in ms. The event loop stands still meanwhile. It is
 * as long as a call may wait for its lease.
 */
const WAITS = 50;
/**
 * After a wait that got no lock, no statement waits again for this long, in ms: a locked database costs 5 % of the
 * time.
 */
const PATIENT_AGAIN_AFTER = 1_000;

/** What the store needs from the database. */
export interface Access extends Statements {
  /** Statements inside wait for a lock at most `WAITS`, whatever the caller's time-out is. */
  briefly<T>(ask: () => T): T;
}

/** @throws {TypeError} anything but a database, and one that answers by callbacks or promises. */
export function access(database: SqliteDatabase): Access {
  const statements = new Map<string, SqliteStatement>();
  const values = (row: unknown): unknown[] => Object.values(row ?? {});
  const statement = (sql: string): SqliteStatement => {
    const known = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  // Not cached: a pragma of the connection runs when it is prepared. It touches no file.
  const timeout = (set = ""): number =>
    Number(values(database.prepare(`PRAGMA busy_timeout${set}`)?.get?.())[0]);

  if (typeof database?.prepare !== "function" || Number.isNaN(timeout()))
    throw new TypeError(
      "sqliteStore() takes a Database of better-sqlite3 or bun:sqlite, or a DatabaseSync of node:sqlite: this is something else",
    );
  let moved: (() => boolean) | undefined;
  let impatientUntil = Number.NEGATIVE_INFINITY;

  return {
    change: (sql, ...params) => Number(statement(sql).run(...params).changes),
    row: (sql, ...params) => values(statement(sql).get(...params)),
    rows: (sql, ...params) =>
      statement(sql)
        .all(...params)
        .map(values),
    briefly(ask) {
      moved ??= watchFile(String(values(database.prepare("PRAGMA database_list").get())[2] ?? ""));
      if (moved())
        throw new Error("the file of this SQLite database was deleted or replaced: open the database again");
      const began = systemClock.now();
      const waits = began < impatientUntil ? 0 : WAITS;
      const usual = timeout();
      if (usual !== waits) timeout(` = ${waits}`);
      try {
        return ask();
      } catch (error) {
        const ended = systemClock.now();
        if (ended - began >= WAITS / 2) impatientUntil = ended + PATIENT_AGAIN_AFTER;
        throw error;
      } finally {
        if (usual !== waits) timeout(` = ${usual}`);
      }
    },
  };
}

interface FileSystem {
  statSync(path: string, options: { throwIfNoEntry: false }): { ino: number; dev: number } | undefined;
}

/**
 * Whether another file, or none, is now where the database was opened. SQLite continues with its open file, which
 * nobody else can find any more. A database in memory has no file, and some runtimes can't check it.
 */
function watchFile(path: string): () => boolean {
  const files = path === "" ? undefined : builtin<FileSystem>("node:fs");
  if (files === undefined) return () => false;
  const identity = (): string | undefined => {
    const found = files.statSync(path, { throwIfNoEntry: false });
    return found && `${found.dev}:${found.ino}`;
  };
  const opened = identity();
  return () => opened === undefined || identity() !== opened;
}

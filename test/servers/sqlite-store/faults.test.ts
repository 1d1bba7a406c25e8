import { execFile, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFailfast } from "../../../src/index.js";
import { migration, type SqliteStore, sqliteStore } from "../../../src/stores/sqlite.js";
import { type FaultSubject, storeFaults } from "../store-faults.js";

const fresh = (): string => mkdtempSync(join(tmpdir(), "failfast-sqlite-"));

async function inFile(): Promise<FaultSubject> {
  const folder = fresh();
  const file = join(folder, "failfast.db");
  const admin = new Database(file);
  sqliteStore(admin).migrate();
  return {
    open() {
      const database = new Database(file, { timeout: 60_000 });
      return { store: sqliteStore(database), close: () => void database.close() };
    },
    openAsStranger() {
      const database = new Database(file, { readonly: true });
      return { store: sqliteStore(database), close: () => void database.close() };
    },
    // Another process has it locked, also for reads.
    pause: () => void admin.exec("BEGIN EXCLUSIVE"),
    resume: () => void (admin.inTransaction && admin.exec("ROLLBACK")),
    // Its disk is away, and comes back.
    async restart(downMs) {
      renameSync(file, `${file}.away`);
      await new Promise((resolve) => setTimeout(resolve, downMs));
      renameSync(`${file}.away`, file);
    },
    keeps: true,
    empty: async () => admin.exec("DELETE FROM failfast"),
    spoil: async (key) =>
      admin
        .prepare(
          "INSERT INTO failfast (prefix, name, value, expires_at) VALUES ('failfast', ?, X'5B5D', 4e12)",
        )
        .run(key),
    async stop() {
      admin.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

storeFaults("SQLite", inFile, { lacks: ["port"] });

describe("SQLite", () => {
  let folder: string;
  let file: string;
  let database: Database.Database;
  let store: SqliteStore;
  beforeEach(() => {
    folder = fresh();
    file = join(folder, "failfast.db");
    database = new Database(file, { timeout: 60_000 });
    database.pragma("synchronous = OFF"); // The disk is not under test.
    store = sqliteStore(database);
    store.migrate();
  });
  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Calls go on whatever the store does, and it is reported as down. */
  async function callsGoOn(broken: SqliteStore): Promise<unknown> {
    const failfast = createFailfast({ store: broken, timeout: 60 });
    const down: unknown[] = [];
    failfast.on("store-down", ({ error }) => down.push(error));
    expect(await failfast("shop").run(async () => "served")).toBe("served");
    await expect(failfast("shop").run(() => Promise.reject(new Error("backend")))).rejects.toThrow("backend");
    await expect(failfast("shop").run(async () => "served")).rejects.toThrow(/is open/);
    await failfast.close();
    expect(down.length).toBeGreaterThan(0);
    return down[0];
  }

  test("with bytes that are no text has an invalid record, which only one of those who saw it overwrites", () => {
    database
      .prepare(
        "INSERT INTO failfast (prefix, name, value, expires_at) VALUES ('failfast', 'a', X'80FF0028', 4e12)",
      )
      .run();
    const seen = store.get("a") ?? "";
    expect(seen).toContain("\ufffd");
    expect(store.swap("a", seen, "1", 60_000)).toMatchObject({ ok: true, value: "1" });
    expect(store.swap("a", seen, "2", 60_000)).toMatchObject({ ok: false, value: "1" });
  });

  test("answers synchronously", () => {
    expect(store.get("a")).toBe(null);
    expect(store.swap("a", null, "value", 60_000)).toMatchObject({ ok: true, value: "value" });
    expect(store.list("").entries).toMatchObject([{ key: "a", value: "value" }]);
  });

  test("loses no increment of several processes in one file", async () => {
    for (const mode of ["DELETE", "WAL"]) {
      database.pragma(`journal_mode = ${mode}`);
      store.set("count", "0", 60_000);
      const script = ["test/servers/sqlite-store/increment.mjs", file, "100"];
      await Promise.all([1, 2, 3, 4].map(() => promisify(execFile)(process.execPath, script)));
      expect(store.get("count")).toBe("400");
    }
  });

  test("locked by another process is waited for briefly, not for its own busy_timeout, and then not at all for a while", async () => {
    const other = fork("test/servers/sqlite-store/lock.mjs", [file], { execArgv: [] });
    await once(other, "message");
    const began = performance.now();
    for (let times = 0; times < 100; times++) expect(() => store.get("a")).toThrow(/locked/);
    const took = performance.now() - began;
    // Fifty ms for the first, and again once a second. Without a limit of ours it would be 100 minutes.
    expect(took).toBeLessThan(10_000);
    expect(database.pragma("busy_timeout", { simple: true })).toBe(60_000);
    expect(String(await callsGoOn(sqliteStore(database)))).toMatch(/locked/);
    other.kill("SIGKILL");
    await once(other, "exit");
    expect(store.get("a")).toBe(null);
  });

  test("with a deleted or replaced file is an error, although SQLite would go on with the old file", async () => {
    store.set("a", "value", 60_000);
    renameSync(file, `${file}.old`);
    expect(() => store.get("a")).toThrow(/deleted or replaced/);
    expect(() => store.swap("a", "value", "other", 60_000)).toThrow(/deleted or replaced/);
    new Database(file).close();
    writeFileSync(file, readFileSync(`${file}.old`));
    expect(() => store.list("")).toThrow(/deleted or replaced/);
    expect(String(await callsGoOn(store))).toMatch(/open the database again/);
    expect(() => sqliteStore(database).get("a")).not.toThrow(); // It can't know more than what it finds at first.
    renameSync(`${file}.old`, file);
    expect(store.get("a")).toBe("value");
    renameSync(file, `${file}.old`);
    expect(() => sqliteStore(database).get("a")).toThrow(/deleted or replaced/);
  });

  test("that is read-only reads, and keeps in this process what can't be written", async () => {
    store.set("a", "value", 60_000);
    const reading = new Database(file, { readonly: true });
    expect(sqliteStore(reading).get("a")).toBe("value");
    expect(() => sqliteStore(reading).set("a", "other", 60_000)).toThrow(/readonly/);
    expect(String(await callsGoOn(sqliteStore(reading)))).toMatch(/readonly/);
    reading.close();
  });

  test("on a full disk is an error, and the stored values stay", async () => {
    store.set("a", "value", 60_000);
    database.pragma(`max_page_count = ${Number(database.pragma("page_count", { simple: true }))}`);
    expect(() => store.set("b", "x".repeat(100_000), 60_000)).toThrow(/full/);
    expect(store.get("a")).toBe("value");
    expect(store.get("b")).toBe(null);
  });

  test("that is corrupt, no database, or closed is an error, and calls go on", async () => {
    store.set("a", "value", 60_000);
    writeFileSync(file, Buffer.alloc(8_192, "rubbish"));
    const corrupt = new Database(file);
    expect(() => sqliteStore(corrupt)).not.toThrow();
    expect(String(await callsGoOn(sqliteStore(corrupt)))).toMatch(/not a database/);
    corrupt.close();
    const closed = new Database(":memory:");
    const ended = sqliteStore(closed);
    closed.close();
    expect(String(await callsGoOn(ended))).toMatch(/not open/);
  });

  test("without its table makes every verb say what is missing; migrate() runs the SQL file", () => {
    const bare = sqliteStore(database, { table: "absent" });
    expect(() => bare.get("a")).toThrow(/no such table: absent/);
    bare.migrate();
    bare.migrate();
    expect(bare.get("a")).toBe(null);
    expect(readFileSync("assets/sql/sqlite.sql", "utf8")).toContain(migration("failfast").join(";\n"));
  });

  test("is read again for a list only if this or another process has written", () => {
    const other = new Database(file);
    const writes = [
      () => store.set("a", "1", 60_000),
      () => sqliteStore(other).set("a", "2", 60_000),
      () => void other.exec("DELETE FROM failfast"),
      () =>
        void database.exec(
          "INSERT INTO failfast (prefix, name, value, expires_at) VALUES ('failfast', 'a', '3', 4e12)",
        ),
    ];
    const seen = writes.map((write) => {
      write();
      return [...store.list("").entries].map(({ value }) => value);
    });
    expect(seen).toEqual([["1"], ["2"], [], ["3"]]);
    other.close();

    database.exec("BEGIN");
    for (let each = 0; each < 5_000; each++)
      database
        .prepare("INSERT INTO failfast (prefix, name, value, expires_at) VALUES ('failfast', ?, ?, 4e12)")
        .run(`key ${each}`, "x".repeat(300));
    database.exec("COMMIT");
    let reads = 0;
    const prepare = database.prepare.bind(database);
    const counting = sqliteStore({
      prepare(sql) {
        const statement = prepare(sql);
        return {
          run: (...params) => statement.run(...params),
          get: (...params) => statement.get(...params),
          all: (...params) => {
            if (sql.includes("substr")) reads++;
            return statement.all(...params);
          },
        };
      },
    });
    let { cursor } = counting.list("");
    for (let polls = 0; polls < 10; polls++) {
      const listed = counting.list("", cursor);
      expect(listed.entries).toEqual([]);
      cursor = listed.cursor;
    }
    expect(reads).toBe(1);
  });

  test("deletes records that expired an hour ago with a later write", () => {
    for (let each = 0; each < 30; each++)
      database
        .prepare("INSERT INTO failfast (prefix, name, value, expires_at) VALUES ('failfast', ?, 'x', 1)")
        .run(`old ${each}`);
    const again = sqliteStore(database);
    again.set("new", "value", 60_000);
    expect(database.prepare("SELECT count(*) FROM failfast").pluck().get()).toBe(1);
  });

  test("takes text with quotes, and long keys and prefixes", () => {
    const nasty = `'; DROP TABLE failfast; -- " % _ ? \u{1f600} é ${"k".repeat(5_000)}`;
    const other = sqliteStore(database, { prefix: nasty });
    other.set(nasty, nasty, 60_000);
    expect(other.get(nasty)).toBe(nasty);
    expect(other.list(nasty).entries).toMatchObject([{ key: nasty, value: nasty }]);
    expect(store.get(nasty)).toBe(null);
  });

  test("an unusable database, prefix or table is a TypeError that says what is accepted", () => {
    // sqlite3 answers through callbacks, and each of its methods returns the statement.
    const statement = { run: () => statement, get: () => statement, all: () => statement };
    for (const wrong of [{}, null, { prepare: () => statement }, { prepare: async () => statement }])
      expect(() => sqliteStore(wrong as never)).toThrow(/DatabaseSync of node:sqlite/);
    expect(() => sqliteStore(database, { prefix: "" })).toThrow(/at least one character/);
    for (const table of ['x"; DROP', "a.b", "", "1a", "a\n"])
      expect(() => sqliteStore(database, { table })).toThrow(/letters, digits and _/);
  });

  test("examples/sqlite.mjs runs, and ends by itself", () => {
    const printed = execFileSync(process.execPath, ["examples/sqlite.mjs", join(folder, "example.db")], {
      encoding: "utf8",
    });
    expect(printed).toMatch(/^open .*"state":"open".*\nclosed\n$/);
  });
});

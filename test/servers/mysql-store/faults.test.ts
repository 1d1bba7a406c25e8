import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createPool, type Pool, type QueryOptions, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFailfast } from "../../../src/index.js";
import { listAll } from "../../../src/stores/list-all.fixture.js";
import { type MysqlStore, migration, mysqlStore } from "../../../src/stores/mysql.js";
import { soon } from "../redis-store/clients.js";
import { startProxy } from "../redis-store/proxy.js";
import { storeFaults } from "../store-faults.js";
import { mariadbd, startMariadb } from "./start-mariadb.js";

storeFaults(
  "MariaDB",
  async () => {
    const server = await startMariadb();
    const admin = createPool(server.url);
    await mysqlStore(admin).migrate();
    await admin.query("CREATE USER stranger@localhost");
    const openBy = (url: string) => {
      const pool = createPool({ uri: url, connectTimeout: 1_000 });
      return { store: mysqlStore(pool), close: () => pool.end() };
    };
    return {
      open: () => openBy(server.url),
      port: server.port,
      openAt: (port) => openBy(server.url.replace(`:${server.port}`, `:${port}`)),
      openAsStranger: () => openBy(server.url.replace("//root", "//stranger")),
      pause: server.pause,
      resume: server.resume,
      restart: server.restart,
      keeps: true,
      empty: () => admin.query("TRUNCATE failfast"),
      spoil: (key) =>
        admin.query(
          "INSERT INTO failfast (fleet, id, prefix, name, value, expires_at) VALUES (UNHEX(SHA2('failfast', 256)), UNHEX(SHA2(?, 256)), 'failfast', ?, '[]', 4e12)",
          [key, key],
        ),
      async stop() {
        await admin.end().catch(() => undefined);
        await server.stop();
      },
    };
  },
  { skip: mariadbd === undefined },
);

describe.skipIf(!mariadbd)("MariaDB", () => {
  let server: Awaited<ReturnType<typeof startMariadb>>;
  let pool: Pool;
  beforeAll(async () => {
    server = await startMariadb();
    pool = createPool(server.url);
    await mysqlStore(pool).migrate();
  });
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });
  const rows = async (sql: string): Promise<RowDataPacket[]> => (await pool.query<RowDataPacket[]>(sql))[0];

  test("without the table makes every verb say what is missing, and migrate() may run in all processes at once", async () => {
    const absent = (): MysqlStore => mysqlStore(pool, { table: "absent" });
    await expect(Promise.resolve(absent().get("a"))).rejects.toThrow(/Table 'shop.absent' doesn't exist/);
    await Promise.all(Array.from({ length: 4 }, () => absent().migrate()));
    expect(await absent().get("a")).toBe(null);
  });

  test("gets from migrate() what the SQL file has", () => {
    expect(readFileSync("assets/sql/mysql.sql", "utf8")).toContain(migration("`failfast`"));
  });

  test("with a wrong password or no rights: an error without the password, and calls go on", async () => {
    await pool.query("CREATE USER reader@localhost IDENTIFIED BY 'right'");
    await pool.query("GRANT SELECT ON shop.failfast TO reader@localhost");
    const url = server.url.replace("root@", "reader:wrong-password@");
    const [locked, reading] = [createPool(url), createPool(url.replace("wrong-password", "right"))];
    const error = await Promise.resolve(mysqlStore(locked).get("a")).catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/Access denied/);
    expect(JSON.stringify(error)).not.toContain("wrong-password");
    expect(await mysqlStore(reading).get("a")).toBe(null);
    await expect(Promise.resolve(mysqlStore(reading).set("a", "b", 1))).rejects.toThrow(/denied/);

    const failfast = createFailfast({ store: mysqlStore(locked), timeout: 60 });
    const down: unknown[] = [];
    failfast.on("store-down", (event) => down.push(event.error));
    expect(await failfast("shop").run(async () => "served")).toBe("served");
    await expect.poll(() => down.length, soon).toBe(1);
    await failfast.close();
    await Promise.all([locked.end(), reading.end()]);
  });

  test("with a silent connection has that taken out of the pool, and the next one answers", async () => {
    const proxy = await startProxy(server.port);
    const through = createPool({
      uri: server.url.replace(`:${server.port}`, `:${proxy.port}`),
      connectionLimit: 1,
    });
    const store = mysqlStore(through);
    await store.set("stale", "value", 60_000);
    proxy.silence();
    // A pool of one connection: without a new one the pool would be empty. If a statement of the store has the
    // connection, this one waits.
    await expect(Promise.resolve(store.get("stale"))).rejects.toThrow(
      /no (answer|connection) within 2000 ms/,
    );
    expect(await store.get("stale")).toBe("value");
    await through.end();
    await proxy.close();
  });

  test("replaces connections that the server ended", async () => {
    const store = mysqlStore(pool);
    await store.set("ended", "value", 60_000);
    for (const { id } of await rows(
      "SELECT id FROM information_schema.processlist WHERE id <> connection_id()",
    ))
      await pool.query(`KILL ${Number(id)}`).catch(() => undefined);
    await expect.poll(() => Promise.resolve(store.get("ended")).catch(String), soon).toBe("value");
  });

  test("with many processes that race for one key lets one win, without a deadlock", async () => {
    const pools = Array.from({ length: 8 }, () => createPool(server.url));
    const stores = pools.map((each) => mysqlStore(each, { prefix: "race" }));
    for (let round = 0; round < 40; round++) {
      const key = `key ${round % 4}`;
      const expect_ = round % 8 < 4 ? null : ((await stores[0]?.get(key)) ?? null);
      // Every other key has expired before the race; the others were deleted.
      if (expect_ === null && round % 2 === 0)
        await pool.query("UPDATE failfast SET expires_at = 1 WHERE prefix = 'race' AND name = ?", [key]);
      else if (expect_ === null) await stores[0]?.delete(key);
      const results = await Promise.all(
        stores.flatMap((store, at) =>
          [0, 1].map((twice) => store.swap?.(key, expect_, `${round} ${at} ${twice}`, 60_000)),
        ),
      );
      const won = results.filter((result) => result?.ok);
      expect(won.length).toBe(1);
      expect(new Set(results.map((result) => result?.value)).size).toBe(1);
    }
    await Promise.all(pools.map((each) => each.end()));
  });

  test("retries after a deadlock, which wrote nothing, and keeps the connection in the pool", async () => {
    let deadlocks = 2;
    const given: string[] = [];
    const store = mysqlStore({
      async getConnection() {
        const connection = await pool.getConnection();
        const back = (how: "release" | "destroy") => () => {
          given.push(how);
          connection[how]();
        };
        return {
          query: async (options) => {
            if (deadlocks-- > 0) throw Object.assign(new Error("Deadlock found"), { errno: 1213 });
            return connection.query(options as QueryOptions);
          },
          release: back("release"),
          destroy: back("destroy"),
        };
      },
    });
    await store.set("deadlock", "value", 60_000);
    expect(await store.get("deadlock")).toBe("value");
    expect(given.slice(0, 3)).toEqual(["release", "release", "release"]);
  });

  test("accepts a key and a prefix longer than an index may be", async () => {
    const long = "k".repeat(5_000);
    const [store, other] = [mysqlStore(pool, { prefix: long }), mysqlStore(pool, { prefix: `${long} ` })];
    await store.set(`${long}1`, "one", 60_000);
    await store.set(`${long}2`, "two", 60_000);
    await other.set(`${long}1`, "another", 60_000);
    expect([await store.get(`${long}1`), await store.get(`${long}2`)]).toEqual(["one", "two"]);
    const listed = (await listAll(store, long)).map(({ key, value }) => [key, value]).sort();
    expect(listed).toEqual([
      [`${long}1`, "one"],
      [`${long}2`, "two"],
    ]);
    expect(await other.get(`${long}1`)).toBe("another");
  });

  test("takes quotes and backslashes as text, in keys, values and prefixes", async () => {
    const nasty = "\\'; DROP TABLE failfast; -- \" ` % _ \0 \u{1f600} é";
    const store = mysqlStore(pool, { prefix: nasty });
    await store.set(nasty, nasty, 60_000);
    expect(await store.get(nasty)).toBe(nasty);
    expect((await listAll(store, nasty)).map(({ key }) => key)).toEqual([nasty]);
    // Half a character is no text, and must not be an error either.
    expect(await store.swap?.(nasty, nasty, "\ud800", 60_000)).toMatchObject({ ok: true });
    expect(await store.get(nasty)).toBe("\ufffd");
    expect(await rows("SELECT name FROM failfast WHERE value = '\ufffd'")).toEqual([{ name: nasty }]);
  });

  test("reads only its own row and expired ones for a write, however many records there are", async () => {
    const one = createPool({ uri: server.url, connectionLimit: 1 });
    try {
      const store = mysqlStore(one, { prefix: "busy" });
      await one.query(
        `INSERT INTO failfast (fleet, id, prefix, name, value, expires_at)
         SELECT UNHEX(SHA2('busy', 256)), UNHEX(SHA2(CONCAT('circuit:', seq), 256)), 'busy', CONCAT('circuit:', seq), '{}', 4e12
         FROM seq_1_to_20000`,
      );
      await one.query("ANALYZE TABLE failfast");
      await one.query("FLUSH STATUS");
      expect(await store.swap?.("circuit:new", null, "{}", 60_000)).toMatchObject({ ok: true });
      // It runs after the sweep, which waits for the same connection.
      const [rows] = await one.query("SHOW SESSION STATUS LIKE 'Handler_read_%'");
      const read = (rows as { Variable_name: string; Value: string }[]).reduce(
        (sum, { Value }) => sum + Number(Value),
        0,
      );
      expect(read).toBeLessThan(100);
    } finally {
      await one.query("DELETE FROM failfast WHERE prefix = 'busy'");
      await one.end();
    }
  });

  test("deletes records that expired an hour ago with later writes", async () => {
    const store = mysqlStore(pool, { prefix: "old" });
    await store.set("a", "value", 60_000);
    await store.set("b", "value", 60_000);
    await pool.query("UPDATE failfast SET expires_at = expires_at - 7200000 WHERE prefix = 'old'");
    await store.set("new", "value", 60_000);
    const left = async () =>
      (await rows("SELECT name FROM failfast WHERE prefix = 'old'")).map(({ name }) => name);
    await expect.poll(left, soon).toEqual(["new"]);
  });

  test("may have the table in another database, whose name has a dash", async () => {
    await pool.query("CREATE DATABASE `other-shop`");
    const store = mysqlStore(pool, { table: "other-shop.circuits-1" });
    await store.migrate();
    await store.set("a", "value", 60_000);
    expect(await rows("SELECT value FROM `other-shop`.`circuits-1`")).toEqual([{ value: "value" }]);
  });

  test("an unusable pool, prefix or table is a TypeError that says what is accepted", () => {
    expect(() => mysqlStore({} as never)).toThrow(/a pool, createPool/);
    expect(() => mysqlStore(null as never)).toThrow(/a pool, createPool/);
    expect(() => mysqlStore(pool, { prefix: "" })).toThrow(/at least one character/);
    for (const table of ["x`; DROP", "a.b.c", "", "é", "x\n"])
      expect(() => mysqlStore(pool, { table })).toThrow(/letters, digits, _ and -/);
  });

  test("examples/mysql.mjs runs, and ends by itself", () => {
    const env = { ...process.env, DATABASE_URL: server.url };
    const printed = execFileSync(process.execPath, ["examples/mysql.mjs"], { env, encoding: "utf8" });
    expect(printed).toMatch(/^open .*"state":"open".*\nclosed\n$/);
  });
});

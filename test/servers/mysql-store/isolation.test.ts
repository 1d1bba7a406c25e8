import { createPool, type Pool } from "mysql2/promise";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { mysqlStore } from "../../../src/stores/mysql.js";
import { mariadbd, startMariadb } from "./start-mariadb.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
function poolOn(url: string, settings: object = {}): Pool {
  const pool = createPool({ uri: url, ...settings });
  ends.push(() => pool.end());
  return pool;
}

const LEVELS = ["READ-UNCOMMITTED", "READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE"];

describe.skipIf(!mariadbd).each(LEVELS)("transactions that are %s by default", (level) => {
  let server: Awaited<ReturnType<typeof startMariadb>>;
  beforeAll(async () => {
    server = await startMariadb(`--transaction-isolation=${level}`, "--innodb-lock-wait-timeout=1");
    const pool = createPool(server.url);
    await mysqlStore(pool).migrate();
    await pool.end();
  });
  afterAll(() => server?.stop());

  test("report a lost race as a lost race", async () => {
    const stores = Array.from({ length: 4 }, () => mysqlStore(poolOn(server.url)));
    for (let round = 0; round < 20; round++) {
      for (const expected of [null, "first"]) {
        const results = await Promise.all([
          ...stores.map((store, at) =>
            store.swap?.(`${round}`, expected, expected === null ? "first" : `${at}`, 60_000),
          ),
        ]);
        expect(results.filter((result) => result?.ok)).toHaveLength(1);
      }
      await Promise.all(stores.map((store) => store.list?.("")));
    }
  });

  test("wait for a row that another transaction locks for a while", async () => {
    const pool = poolOn(server.url);
    const store = mysqlStore(pool);
    await store.set("locked", "1", 60_000);
    const other = await pool.getConnection();
    await other.query("BEGIN");
    await other.query("SELECT * FROM failfast FOR UPDATE");
    const swapped = store.swap?.("locked", "1", "2", 60_000);
    await other.query("SELECT SLEEP(1.2)");
    await other.query("COMMIT");
    other.release();
    expect(await swapped).toMatchObject({ ok: true });
  });
});

describe.skipIf(!mariadbd)("a wrongly configured pool of MySQL", () => {
  let server: Awaited<ReturnType<typeof startMariadb>>;
  beforeAll(async () => {
    server = await startMariadb();
    const pool = createPool(server.url);
    await mysqlStore(pool).migrate();
    for (const host of ["localhost", "127.0.0.1"]) {
      await pool.query(`CREATE USER reader@'${host}'`);
      await pool.query(`GRANT SELECT ON shop.failfast TO reader@'${host}'`);
    }
    await pool.end();
  });
  afterAll(() => server?.stop());

  test("with only busy connections is distinguished from a server that does not answer", async () => {
    const pool = poolOn(server.url, { connectionLimit: 1 });
    const busy = await pool.getConnection();
    await expect(mysqlStore(pool).get("a")).rejects.toThrow(/gave no connection .*a pool of its own/);
    busy.release();
    expect(await mysqlStore(pool).get("a")).toBe(null);
  });

  test("that may only read says so, and reads", async () => {
    const store = mysqlStore(poolOn(server.url.replace("root@", "reader@")));
    await expect(store.swap?.("a", null, "1", 60_000)).rejects.toThrow(
      /denied.*: the store needs SELECT, INSERT/,
    );
    expect(await store.get("a")).toBe(null);
    await expect(mysqlStore(poolOn(server.url), { table: "absent" }).get("a")).rejects.toThrow(
      /doesn't exist: run store\.migrate\(\)/,
    );
  });

  test("without autocommit is refused by the first list, with an error that says so", async () => {
    const pool = poolOn(server.url);
    pool.on("connection", (connection) => void connection.query("SET autocommit = 0"));
    await expect(mysqlStore(pool).list?.("")).rejects.toThrow(/not in autocommit/);
  });
});

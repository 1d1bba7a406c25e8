import { createPool as createCallbackPool } from "mysql2";
import { createPool } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StoreListing } from "../../../src/options/store.js";
import { type MysqlPool, mysqlStore } from "../../../src/stores/mysql.js";
import { PAGE } from "../../../src/stores/shared/pages.js";
import { storeContract } from "../../../src/testing/index.js";
import { mariadbd, startMariadb } from "./start-mariadb.js";

describe.skipIf(!mariadbd)("the store contract on MariaDB", () => {
  let server: Awaited<ReturnType<typeof startMariadb>>;
  beforeAll(async () => {
    server = await startMariadb();
  });
  afterAll(() => server?.stop());

  const pools: Record<string, () => { pool: MysqlPool; close(): Promise<unknown> }> = {
    "a pool of mysql2/promise": () => {
      const pool = createPool(server.url);
      return { pool, close: () => pool.end() };
    },
    // Settings that would change stored values or answers, if the store used them.
    "a pool of mysql2, with callbacks and every setting other than usual": () => {
      const pool = createCallbackPool({
        uri: server.url,
        flags: ["-FOUND_ROWS"],
        charset: "latin1",
        timezone: "+05:30",
        rowsAsArray: false,
        nestTables: true,
        typeCast: (field, next) => (field.type === "LONGLONG" ? `${field.string()}n` : next()),
        supportBigNumbers: true,
        bigNumberStrings: true,
        namedPlaceholders: true,
        connectionLimit: 4,
      });
      pool.on("connection", (connection) => {
        connection.query(
          "SET SESSION sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH', time_zone = '-08:00'",
        );
      });
      return { pool, close: () => pool.promise().end() };
    },
  };
  for (const [title, open] of Object.entries(pools)) {
    describe(`with ${title}`, () => {
      const makeStore = async () => {
        const { pool, close } = open();
        const store = mysqlStore(pool);
        await store.migrate();
        return { store, close };
      };
      for (const { name, run } of storeContract(makeStore, { verbs: ["swap", "list"] }))
        test.concurrent(name, run);

      test("lists more records than a page has, each once", async () => {
        const { pool, close } = open();
        const store = mysqlStore(pool, { prefix: title });
        await store.migrate();
        const keys = Array.from({ length: PAGE + 200 }, (_, n) => `circuit:${n}`);
        for (let from = 0; from < keys.length; from += 8)
          await Promise.all(keys.slice(from, from + 8).map((key) => store.set(key, `of ${key}`, 600_000)));
        const listing = (await store.list?.("")) as StoreListing;
        const listed = [...listing.entries].map(({ key, value }) => [key, value]).sort();
        expect(listed).toEqual(keys.map((key) => [key, `of ${key}`]).sort());
        await store.set("circuit:7", "new", 600_000);
        const changes = (await store.list?.("", listing.cursor)) as StoreListing;
        expect([...changes.entries].map(({ value }) => value)).toContain("new");
        await close();
      }, 60_000);
    });
  }
});

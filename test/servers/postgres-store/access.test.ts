import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { postgresStore } from "../../../src/stores/postgres.js";
import { remember, soon } from "../redis-store/clients.js";
import { postgres, startPostgres } from "./start-postgres.js";

describe.skipIf(!postgres)("PostgreSQL with limited access", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let admin: Pool;
  const ends: (() => unknown)[] = [];
  const poolOf = (user: string, options = ""): Pool => {
    const pool = new Pool({
      host: "127.0.0.1",
      port: server.port,
      user,
      database: "postgres",
      ...(options === "" ? {} : { options }),
    });
    pool.on("error", () => undefined);
    ends.push(() => pool.end());
    return pool;
  };
  beforeAll(async () => {
    server = await startPostgres();
    admin = new Pool({ connectionString: server.url });
    await postgresStore(admin).migrate();
    for (const user of ["reader", "nobody", "writer"]) await admin.query(`CREATE ROLE ${user} LOGIN`);
    await admin.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    await admin.query("GRANT SELECT ON failfast TO reader");
    await admin.query("GRANT SELECT, INSERT, UPDATE, DELETE ON failfast TO writer");
  });
  afterAll(async () => {
    await admin?.end();
    await server?.stop();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  test("gives a user with the four privileges all verbs; another user creates the table", async () => {
    const store = postgresStore(poolOf("writer"));
    const seen = remember();
    const handle = await store.watch?.("", seen);
    expect(await store.swap?.("writer", null, "1", 60_000)).toMatchObject({ ok: true });
    await store.delete("writer");
    await expect.poll(() => seen.changes.length, soon).toBe(1);
    await handle?.[Symbol.asyncDispose]();
    await expect(postgresStore(poolOf("writer"), { table: "other" }).migrate()).rejects.toThrow(
      /permission denied for schema public: the store needs SELECT, INSERT, UPDATE and DELETE on other; migrate\(\) needs CREATE/,
    );
  });

  test.each([
    ["reader", "", /permission denied for table failfast: the store needs SELECT, INSERT, UPDATE and DELETE/],
    ["postgres", "-c default_transaction_read_only=on", /read-only transaction: .*give it the primary/],
  ])("reports that %s may not write (%s), and reads go on", async (user, options, message) => {
    const store = postgresStore(poolOf(user, options));
    await expect(store.swap?.("a", null, "1", 60_000)).rejects.toThrow(message);
    expect(await store.get("a")).toBe(null);
  });

  test("reports missing rights to read, and a missing table", async () => {
    await expect(postgresStore(poolOf("nobody")).list?.("")).rejects.toThrow(
      /permission denied.*needs SELECT/,
    );
    await expect(postgresStore(admin, { table: "absent" }).get("a")).rejects.toThrow(
      /"absent" does not exist: run store\.migrate\(\)/,
    );
  });
});

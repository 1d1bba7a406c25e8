import { Client, Pool, type PoolConfig } from "pg";
import postgresJs from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { PostgresClient, PostgresStore } from "../../../src/stores/postgres.js";
import { postgresStore } from "../../../src/stores/postgres.js";
import { remember, soon } from "../redis-store/clients.js";
import { postgres, startPostgres } from "./start-postgres.js";

/** A sign of life is asked for after 6 s at most, and given up 2 s later. */
const noticed = { timeout: 30_000, interval: 20 };

describe.skipIf(!postgres)("push by PostgreSQL", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let admin: Pool;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await startPostgres();
    admin = new Pool({ connectionString: server.url }).on("error", () => undefined);
    await postgresStore(admin).migrate();
  });
  afterAll(async () => {
    await admin?.end();
    await server?.stop();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const storeOn = (config: PoolConfig = {}): PostgresStore => {
    const pool = new Pool({ connectionString: server.url, ...config }).on("error", () => undefined);
    ends.push(() => pool.end());
    return postgresStore(pool);
  };
  const watch = async (store: PostgresStore) => {
    const seen = remember();
    const handle = await store.watch?.("", seen);
    ends.push(() => handle?.[Symbol.asyncDispose]());
    return { ...seen, values: () => seen.changes.map(({ value }) => value), gaps: () => seen.gaps };
  };

  test.each([
    ["pg's pool, by its options", (schema: string) => storeOn({ options: `-c search_path=${schema}` })],
    [
      "pg's pool, by what it runs on each connection",
      (schema: string) => {
        const pool = new Pool({ connectionString: server.url, max: 1 });
        pool.on("connect", (client) => void client.query(`SET search_path = ${schema}`));
        ends.push(() => pool.end());
        return postgresStore(pool);
      },
    ],
    [
      "postgres.js",
      (schema: string) => {
        const sql = postgresJs(server.url, {
          max: 1,
          connection: { search_path: schema },
          onnotice: () => undefined,
        });
        ends.push(() => sql.end({ timeout: 1 }));
        return postgresStore(sql as unknown as PostgresClient);
      },
    ],
  ])("follows the table that its search_path leads to (%s)", async (_, open) => {
    await admin.query("CREATE SCHEMA IF NOT EXISTS staging; CREATE SCHEMA IF NOT EXISTS live");
    const [staging, live] = [open("staging"), open("live")];
    for (const store of [staging, live]) await store.migrate();
    const seen = await watch(live);
    await staging.set("a", "elsewhere", 60_000);
    await live.set("a", "here", 60_000);
    await expect.poll(seen.values, soon).toEqual(["here"]);
    expect(seen.gaps()).toBe(0);
  });

  test("skips a notification if the queue is full, and the write succeeds", async () => {
    await admin.query(`CREATE SCHEMA full_queue;
      CREATE FUNCTION full_queue.pg_notify(text, text) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'too many notifications in the NOTIFY queue' USING ERRCODE = '54000'; END $$`);
    const store = storeOn({ options: "-c search_path=full_queue,public,pg_catalog" });
    expect(await store.swap?.("full", null, "1", 60_000)).toMatchObject({ ok: true, value: "1" });
    expect(await store.swap?.("full", null, "2", 60_000)).toMatchObject({ ok: false, value: "1" });
    await store.set("full", "3", 60_000);
    expect(await store.swap?.("full", "3", "4", 60_000)).toMatchObject({ ok: true });
    expect(await storeOn().get("full")).toBe("4");
  });

  test.each([
    ["one that quoting makes longer", '"'.repeat(5_000), undefined],
    ["one that is longer in bytes than in characters", "é".repeat(3_900), "é".repeat(3_900)],
    ["one of the greatest length that always fits", "x".repeat(7_900), "x".repeat(7_900)],
    ["one that is too long", "x".repeat(8_100), undefined],
  ])("announces every record, without its value if that does not fit: %s", async (_, value, pushed) => {
    const store = storeOn();
    const seen = await watch(store);
    expect(await store.swap?.(`long ${value.length} ${value[0]}`, null, value, 60_000)).toMatchObject({
      ok: true,
    });
    await expect
      .poll(() => [...seen.values(), ...Array(seen.gaps()).fill("gap")], soon)
      .toEqual([pushed ?? "gap"]);
  });

  test("that is lost is reported, although the client says nothing, and so is its return", async () => {
    await admin.query(`CREATE ROLE app LOGIN CONNECTION LIMIT 2; GRANT ALL ON failfast TO app`);
    const url = new URL(server.url);
    url.username = "app";
    const sql = postgresJs(url.href, { max: 1, backoff: () => 0.1, onnotice: () => undefined });
    ends.push(() => sql.end({ timeout: 1 }));
    const byHand = async (channel: string, heard: (text: string) => void) => {
      const client = new Client({ connectionString: server.url }).on("error", () => undefined);
      ends.push(() => client.end());
      client.on("notification", (message) => message.channel === channel && heard(message.payload ?? ""));
      await client.connect();
      await client.query(`LISTEN "${channel}"`);
      return async () => undefined;
    };
    const query = (text: string, params: unknown[]) => admin.query(text, params);
    const [library, plain] = await Promise.all(
      [sql as unknown as PostgresClient, { query, listen: byHand }].map(async (client) => {
        const lost: unknown[] = [];
        const seen = Object.assign(remember(), { lost: (error: unknown) => void lost.push(error) });
        const handle = await postgresStore(client).watch?.("", seen);
        ends.push(() => handle?.[Symbol.asyncDispose]());
        return { seen, lost };
      }),
    );
    // Its queries are served, and another connection is refused.
    await admin.query("ALTER ROLE app CONNECTION LIMIT 1");
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'listen %'");
    await expect.poll(() => library?.lost.length && plain?.lost.length, noticed).toBeGreaterThan(0);
    expect([library?.seen.gaps, plain?.seen.gaps]).toEqual([0, 0]);
    await admin.query("ALTER ROLE app CONNECTION LIMIT -1");
    await expect.poll(() => library?.seen.gaps, noticed).toBeGreaterThan(0);
    await storeOn().set("back", "1", 60_000);
    await expect.poll(() => library?.seen.changes.map(({ value }) => value), soon).toEqual(["1"]);
  });

  test("ends with the store, also after postgres.js had to reconnect", async () => {
    const sql = postgresJs(server.url, { max: 1, backoff: () => 0.1, onnotice: () => undefined });
    ends.push(() => sql.end({ timeout: 1 }));
    const heard: string[] = [];
    await sql.listen("of the application", (text) => heard.push(text));
    const seen = remember();
    const handle = await postgresStore(sql as unknown as PostgresClient).watch?.("", seen);
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'listen %'");
    await expect.poll(() => seen.gaps, noticed).toBeGreaterThan(0);
    await handle?.[Symbol.asyncDispose]();
    const { channels } = sql.listen as unknown as { channels: object };
    expect(Object.keys(channels)).toEqual(["of the application"]);
    await admin.query("SELECT pg_notify('of the application', 'still')");
    await expect.poll(() => heard, soon).toEqual(["still"]);
  });

  test("uses a connection that a server which ends idle sessions leaves alone", async () => {
    const config = { connectionString: server.url, options: "-c idle_session_timeout=400" };
    const store = storeOn(config);
    const seen = await watch(store);
    for (let round = 0; round < 2; round++) {
      const idle = new Client(config).on("error", () => undefined);
      await idle.connect();
      await new Promise((resolve) => idle.once("end", resolve));
    }
    await storeOn().set("idle", "1", 60_000);
    await expect.poll(seen.values, soon).toEqual(["1"]);
    expect(seen.gaps()).toBe(0);
  });
});

describe.skipIf(!postgres)("an answer of PostgreSQL is understood", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let pool: Pool;
  beforeAll(async () => {
    server = await startPostgres();
    const types = { getTypeParser: () => (text: unknown) => text };
    pool = new Pool({ connectionString: server.url, types: types as never }).on("error", () => undefined);
    await postgresStore(pool).migrate();
  });
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });

  test.each([
    [
      "that is only rows",
      () => ({ query: async (text: string, params: unknown[]) => (await pool.query(text, params)).rows }),
    ],
    ["from a pool that parses no value", () => pool],
  ])("%s", async (key, client) => {
    const store = postgresStore(client() as PostgresClient);
    expect(await store.swap?.(key, null, "1", 60_000)).toMatchObject({ ok: true, now: expect.any(Number) });
    expect(await store.swap?.(key, "other", "2", 60_000)).toMatchObject({ ok: false, value: "1" });
    expect(await store.swap?.(key, null, "2", 60_000)).toMatchObject({ ok: false, value: "1" });
    expect(await store.get(key)).toBe("1");
    const listing = (await store.list?.(key)) as { entries: Iterable<unknown> };
    expect([...listing.entries]).toMatchObject([{ key, value: "1", now: expect.any(Number) }]);
  });
});

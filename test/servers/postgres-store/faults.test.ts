import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Pool, type PoolConfig } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFailfast } from "../../../src/index.js";
import { migration, postgresStore } from "../../../src/stores/postgres.js";
import { percentile } from "../fleet/fleet.js";
import { remember, soon } from "../redis-store/clients.js";
import { storeFaults } from "../store-faults.js";
import { postgres, startPostgres } from "./start-postgres.js";

function poolOn(url: string, more: PoolConfig = {}): Pool {
  const pool = new Pool({ connectionString: url, ...more });
  pool.on("error", () => undefined);
  return pool;
}

function joinBy(url: string) {
  const pool = poolOn(url, { connectionTimeoutMillis: 1_000 });
  return { store: postgresStore(pool), close: () => pool.end() };
}

storeFaults(
  "PostgreSQL",
  async () => {
    const server = await startPostgres();
    const admin = poolOn(server.url);
    await postgresStore(admin).migrate();
    return {
      open: () => joinBy(server.url),
      port: server.port,
      openAt: (port) => joinBy(server.url.replace(`:${server.port}`, `:${port}`)),
      openAsStranger: () => joinBy(server.url.replace("//postgres", "//stranger")),
      pause: server.pause,
      resume: server.resume,
      restart: server.restart,
      keeps: true,
      empty: () => admin.query("TRUNCATE failfast"),
      spoil: (key) =>
        admin.query("INSERT INTO failfast VALUES ('failfast', $1, '[]', now() + interval '1 day')", [key]),
      async stop() {
        await admin.end().catch(() => undefined);
        await server.stop();
      },
    };
  },
  { skip: postgres === undefined },
);

describe.skipIf(!postgres)("PostgreSQL", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let pool: Pool;
  beforeAll(async () => {
    server = await startPostgres();
    pool = poolOn(server.url);
  });
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });

  test("without the table makes every verb say what to do, and migrate() may run in all processes at once", async () => {
    await expect(Promise.resolve(postgresStore(pool).get("a"))).rejects.toThrow(
      /relation "failfast" does not exist/,
    );
    for (const table of ["failfast", "one", "two", "three", "four"]) {
      const stores = Array.from({ length: 4 }, () => postgresStore(pool, { table }));
      await Promise.all(stores.map((store) => store.migrate()));
      expect(await stores[0]?.get("a")).toBe(null);
    }
  });

  test("gets from migrate() what the SQL file has", () => {
    const file = readFileSync("assets/sql/postgres.sql", "utf8");
    for (const statement of migration("failfast")) expect(file).toContain(`${statement};`);
  });

  test("reads only its own row and expired ones for a write, however many records there are", async () => {
    const one = await pool.connect();
    try {
      const store = postgresStore(one, { prefix: "busy" });
      await store.migrate();
      await one.query(
        `INSERT INTO failfast (prefix, key, value, expires_at)
         SELECT 'busy', 'circuit:' || n, '{}', now() + interval '1 day' FROM generate_series(1, 20000) n`,
      );
      await one.query("ANALYZE failfast");
      await one.query("BEGIN");
      expect(await store.swap?.("circuit:new", null, "{}", 60_000)).toMatchObject({ ok: true });
      const { rows } = await one.query(
        `SELECT seq_tup_read + idx_tup_fetch AS read FROM pg_stat_xact_user_tables WHERE relname = 'failfast'`,
      );
      expect(Number(rows[0].read)).toBeLessThan(100);
    } finally {
      await one.query("ROLLBACK");
      await one.query("DELETE FROM failfast WHERE prefix = 'busy'");
      one.release();
    }
  });

  test("listens again after its connection was ended, and reports a gap", async () => {
    const seen = remember();
    const handle = await postgresStore(pool).watch?.("", seen);
    for (let round = 1; round <= 3; round++) {
      await pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
      await expect.poll(() => seen.gaps, { timeout: 15_000, interval: 10 }).toBe(round);
      await postgresStore(pool).set("a", `round ${round}`, 60_000);
      await expect.poll(() => seen.changes.map(({ value }) => value), soon).toContain(`round ${round}`);
    }
    await handle?.[Symbol.asyncDispose]();
    const listening = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
    await expect.poll(async () => (await pool.query(listening)).rows[0].n, soon).toBe(0);
  });

  test("reports an error and leaves nothing behind if it can't listen", async () => {
    const nowhere = new Pool({ connectionString: "postgres://postgres@127.0.0.1:1/postgres" });
    await expect(Promise.resolve(postgresStore(nowhere).watch?.("", remember()))).rejects.toThrow(
      /ECONNREFUSED/,
    );
    await nowhere.end();
  });

  test("treats an invalid notification as a gap, without an exception", async () => {
    const seen = remember();
    const store = postgresStore(pool);
    const handle = await store.watch?.("", seen);
    const [{ channel }] = (
      await pool.query(
        "SELECT substring(query from '\"(.*)\"') AS channel FROM pg_stat_activity WHERE query LIKE 'LISTEN%'",
      )
    ).rows as [{ channel: string }];
    for (const payload of ["", "{", "[1]", '["a"]'])
      await pool.query("SELECT pg_notify($1, $2)", [channel, payload]);
    await expect.poll(() => seen.gaps, soon).toBe(4);
    await handle?.[Symbol.asyncDispose]();
  });

  test("deletes records that expired an hour ago with later writes", async () => {
    const store = postgresStore(pool, { prefix: "old" });
    await pool.query(
      "INSERT INTO failfast SELECT 'old', 'k' || n, 'x', now() - interval '2 hours' FROM generate_series(1, 30) n",
    );
    await store.set("new", "value", 60_000);
    expect((await pool.query("SELECT count(*)::int AS n FROM failfast WHERE prefix = 'old'")).rows[0].n).toBe(
      1,
    );
  });

  test("an unusable client, prefix or table is a TypeError that says what is accepted", () => {
    expect(() => postgresStore({} as never)).toThrow(/anything with query\(text, params\)/);
    expect(() => postgresStore(pool, { prefix: "" })).toThrow(/at least one character/);
    expect(() => postgresStore(pool, { table: 'x"; DROP' })).toThrow(/small letters, digits and _/);
  });

  test("a trip reaches another process within milliseconds", async () => {
    const [a, b] = [poolOn(server.url), poolOn(server.url)];
    const [first, second] = [a, b].map((each) => createFailfast({ store: postgresStore(each), timeout: 60 }));
    const opened: number[] = [];
    second?.("speed", 60).on("open", () => opened.push(performance.now()));
    first?.("speed", 60);
    await Promise.all([first?.ready(), second?.ready()]);
    const took: number[] = [];
    for (let round = 0; round < 50; round++) {
      const began = performance.now();
      await first?.("speed").trip();
      await expect.poll(() => opened.length, { timeout: 5_000, interval: 1 }).toBe(round + 1);
      took.push((opened[round] ?? Number.NaN) - began);
      await first?.("speed").reset();
      await expect.poll(() => second?.("speed").state, { timeout: 5_000, interval: 1 }).toBe("closed");
    }
    console.log(
      `a trip reaches another, PostgreSQL: p50 ${percentile(took, 0.5).toFixed(2)} ms, p99 ${percentile(took, 0.99).toFixed(2)} ms`,
    );
    await Promise.all([first?.close(), second?.close()]);
    await Promise.all([a.end(), b.end()]);
  });

  test("examples/postgres.mjs runs, and ends by itself", () => {
    const env = { ...process.env, DATABASE_URL: server.url };
    const printed = execFileSync(process.execPath, ["examples/postgres.mjs"], { env, encoding: "utf8" });
    expect(printed).toMatch(/^open .*"state":"open".*\nclosed\n$/);
  });
});

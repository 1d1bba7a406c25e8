import { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { StoreListing } from "../../../src/options/store.js";
import { postgresStore } from "../../../src/stores/postgres.js";
import { soon } from "../redis-store/clients.js";
import { postgres, startPostgres } from "./start-postgres.js";

describe.skipIf(!postgres)("a list since a cursor", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let pool: Pool;
  beforeAll(async () => {
    server = await startPostgres();
    pool = new Pool({ connectionString: server.url });
    pool.on("error", () => undefined);
    await postgresStore(pool).migrate();
  });
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });
  beforeEach(async () => {
    await pool.query("DELETE FROM failfast");
  });

  const list = async (since?: string): Promise<StoreListing> =>
    (await postgresStore(pool).list?.("", since)) as StoreListing;
  const keys = ({ entries }: StoreListing): string[] => [...entries].map(({ key }) => key).sort();
  const set = (key: string) => postgresStore(pool).set(key, "value", 60_000);

  test("has the change of a transaction that ended after later ones", async () => {
    const slow = await pool.connect();
    await slow.query("BEGIN");
    await slow.query(
      "INSERT INTO failfast (prefix, key, value, expires_at) VALUES ('failfast', 'slow', 'x', now() + interval '1 day')",
    );
    await set("quick");
    const first = await list();
    expect(keys(first)).toEqual(["quick"]);
    await set("quicker");
    const second = await list(first.cursor);
    await slow.query("COMMIT");
    slow.release();
    expect(keys(await list(second.cursor))).toContain("slow");
  });

  test("has everything again after TRUNCATE", async () => {
    await set("a");
    const { cursor } = await list();
    await pool.query("TRUNCATE failfast");
    expect(await list(cursor)).toMatchObject({ entries: [], complete: true });
  });

  test("has everything again after a restart, or from another server", async () => {
    await set("a");
    const { cursor } = await list();
    await server.restart();
    await expect.poll(() => list(cursor).catch(String), soon).toMatchObject({ complete: true });
  });

  test("uses the index among 100 000 records without a change", async () => {
    await pool.query(
      `INSERT INTO failfast SELECT 'failfast', 'circuit:' || n, repeat('x', 300), now() + interval '1 day'
       FROM generate_series(1, 100000) n`,
    );
    await set("newest");
    const first = await list();
    expect([...first.entries]).toHaveLength(100_001);
    const { cursor } = await list();
    const scans = async (): Promise<number> => {
      await pool.query("SELECT pg_stat_force_next_flush()");
      const stats = await pool.query("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'failfast'");
      return Number(stats.rows[0].seq_scan);
    };
    const before = await scans();
    for (let polls = 0; polls < 5; polls++) expect(keys(await list(cursor))).toEqual([]);
    expect(await scans()).toBe(before);
  });
});

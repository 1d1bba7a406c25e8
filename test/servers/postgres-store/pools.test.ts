import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client, Pool, type PoolConfig } from "pg";
import postgresJs from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Awaitable } from "../../../src/options/store.js";
import { type PostgresClient, postgresStore } from "../../../src/stores/postgres.js";
import { remember, soon } from "../redis-store/clients.js";
import { postgres, startPostgres } from "./start-postgres.js";

let port = 0;

class PoolOfOurs extends Pool {
  constructor() {
    super({ host: "127.0.0.1", user: "app", password: "secret", database: "postgres", port });
  }
}

/** The pools of pg, with pg's client given by hand. */
async function pgPool(config: PoolConfig): Promise<Pool> {
  const name: string = "pg-pool";
  const { default: PgPool } = (await import(name)) as { default: new (...given: unknown[]) => Pool };
  return new PgPool(config, Client);
}

describe.skipIf(!postgres)("push works with a pool", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let admin: Pool;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await startPostgres();
    port = server.port;
    admin = new Pool({ connectionString: server.url });
    await postgresStore(admin).migrate();
    await admin.query("CREATE ROLE app LOGIN PASSWORD 'secret'");
    await admin.query("GRANT ALL ON failfast TO app");
    const rules = join(server.folder, "data", "pg_hba.conf");
    await writeFile(rules, `host all app 127.0.0.1/32 scram-sha-256\n${await readFile(rules, "utf8")}`);
    await admin.query("SELECT pg_reload_conf()");
  });
  afterAll(async () => {
    await admin?.end();
    await server?.stop();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const parts: PoolConfig = { host: "127.0.0.1", user: "app", password: "secret", database: "postgres" };
  const url = (): string => `postgres://app:secret@127.0.0.1:${port}/postgres`;
  const pools: Readonly<Record<string, () => Awaitable<PostgresClient & { end(): unknown }>>> = {
    "of parts": () => new Pool({ ...parts, port }),
    "of a URL": () => new Pool({ connectionString: url() }),
    "whose password comes from a function": () =>
      new Pool({ ...parts, port, password: async () => "secret" }),
    "of a subclass": () => new PoolOfOurs(),
    "of pg-pool, given pg's Client": () => pgPool({ ...parts, port }),
    "of postgres.js": () => postgresJs(url(), { onnotice: () => undefined }),
    "of a Client and settings, for queries made in some other way": () => {
      const pool = new Pool({ ...parts, port });
      return {
        query: (text, params) => pool.query(text, params),
        Client,
        options: { ...parts, port },
        end: () => pool.end(),
      };
    },
  };

  test.each(Object.entries(pools))("made %s", async (_, make) => {
    const pool = await make();
    ends.push(() => pool.end());
    const seen = remember();
    const store = postgresStore(pool);
    const handle = await store.watch?.("", seen);
    ends.push(() => handle?.[Symbol.asyncDispose]());
    await store.set("a", "value", 60_000);
    await expect.poll(() => seen.changes, soon).toMatchObject([{ key: "a", value: "value" }]);
  });

  test.each(["of parts", "of postgres.js"])("close() does not wait for a frozen server: %s", async (name) => {
    const pool = await pools[name]?.();
    if (pool === undefined) throw new Error(name);
    ends.push(() => pool.end());
    const handle = await postgresStore(pool).watch?.("", remember());
    ends.push(() => server.resume());
    server.pause();
    // The server answers nothing until the test is over.
    await handle?.[Symbol.asyncDispose]();
  });

  test("made of the environment's settings", async () => {
    const kept = { ...process.env };
    Object.assign(process.env, { PGHOST: "127.0.0.1", PGPORT: String(port), PGUSER: "app" });
    Object.assign(process.env, { PGPASSWORD: "secret", PGDATABASE: "postgres" });
    try {
      const pool = new Pool();
      ends.push(() => pool.end());
      const seen = remember();
      const handle = await postgresStore(pool).watch?.("", seen);
      await postgresStore(pool).set("a", "value", 60_000);
      await expect.poll(() => seen.changes.length, soon).toBe(1);
      await handle?.[Symbol.asyncDispose]();
    } finally {
      process.env = kept;
    }
  });
});

import { Pool } from "pg";
import postgresJs from "postgres";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type PostgresStore, postgresStore, type QueryClient } from "../../../src/stores/postgres.js";
import { storeContract } from "../../../src/testing/index.js";
import { postgres, startPostgres } from "./start-postgres.js";

/** What each connection costs is not under test: the two handles of every case are on the same two clients. */
function twoHandles(open: () => PostgresStore) {
  let stores: readonly PostgresStore[] = [];
  let at = 0;
  return {
    async start() {
      stores = [open(), open()];
      await stores[0]?.migrate();
    },
    makeStore: () => stores[at++ % 2] as PostgresStore,
  };
}

describe.skipIf(!postgres)("the store contract on PostgreSQL", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  describe("with a Pool of pg", () => {
    const pools: Pool[] = [];
    const { start, makeStore } = twoHandles(() => {
      const pool = new Pool({ connectionString: server.url });
      pool.on("error", () => undefined);
      pools.push(pool);
      return postgresStore(pool);
    });
    beforeAll(start);
    // Would wait for a connection that a case has left behind.
    afterAll(() => Promise.all(pools.map((pool) => pool.end())));
    for (const { name, run } of storeContract(makeStore)) test.concurrent(name, run);
  });

  describe("with postgres.js", () => {
    const clients: ReturnType<typeof postgresJs>[] = [];
    const { start, makeStore } = twoHandles(() => {
      const sql = postgresJs(server.url, { onnotice: () => undefined });
      clients.push(sql);
      return postgresStore(sql);
    });
    beforeAll(start);
    afterAll(() => Promise.all(clients.map((sql) => sql.end({ timeout: 5 }))));
    for (const { name, run } of storeContract(makeStore)) test.concurrent(name, run);
  });
});

describe("the store contract on PGlite", () => {
  let database: QueryClient & { close(): Promise<void> };
  let store: PostgresStore;
  beforeAll(async () => {
    // Its types need the types of a browser.
    const name: string = "@electric-sql/pglite";
    const { PGlite } = await import(name);
    database = await PGlite.create();
    store = postgresStore(database);
    await store.migrate();
  });
  afterAll(() => database.close());
  const makeStore = () => store;
  // Its decoder drops a byte order mark at the beginning of a text, which no record has.
  const marked = [
    "values: text in any script, in its own normal form",
    "swap: takes and compares every value that set takes",
  ];
  for (const { name, run } of storeContract(makeStore))
    if (!marked.includes(name)) test.concurrent(name, run);
});

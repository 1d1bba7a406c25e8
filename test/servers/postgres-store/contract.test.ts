import { Pool } from "pg";
import postgresJs from "postgres";
import { afterAll, beforeAll, describe, test } from "vitest";
import { postgresStore, type QueryClient } from "../../../src/stores/postgres.js";
import { storeContract } from "../../../src/testing/index.js";
import { postgres, startPostgres } from "./start-postgres.js";

describe.skipIf(!postgres)("the store contract on PostgreSQL", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  describe("with a Pool of pg", () => {
    const makeStore = async () => {
      const pool = new Pool({ connectionString: server.url });
      pool.on("error", () => undefined);
      const store = postgresStore(pool);
      await store.migrate();
      return { store, close: () => pool.end() };
    };
    for (const { name, run } of storeContract(makeStore)) test(name, run, 30_000);
  });

  describe("with postgres.js", () => {
    const makeStore = async () => {
      const sql = postgresJs(server.url, { onnotice: () => undefined });
      const store = postgresStore(sql);
      await store.migrate();
      return { store, close: () => sql.end({ timeout: 1 }) };
    };
    for (const { name, run } of storeContract(makeStore)) test(name, run, 30_000);
  });
});

describe("the store contract on PGlite", () => {
  let database: QueryClient & { close(): Promise<void> };
  beforeAll(async () => {
    // Its types need the types of a browser.
    const name: string = "@electric-sql/pglite";
    const { PGlite } = await import(name);
    database = await PGlite.create();
  });
  afterAll(() => database.close());
  const makeStore = async () => {
    const store = postgresStore(database);
    await store.migrate();
    return { store, close: () => undefined };
  };
  // Its decoder drops a byte order mark at the beginning of a text, which no record has.
  const marked = [
    "values: text in any script, in its own normal form",
    "swap: takes and compares every value that set takes",
  ];
  for (const { name, run } of storeContract(makeStore)) if (!marked.includes(name)) test(name, run, 30_000);
});

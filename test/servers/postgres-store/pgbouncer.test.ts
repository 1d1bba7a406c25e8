import { Client, Pool } from "pg";
import postgresJs from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createFailfast, type Failfast } from "../../../src/index.js";
import type { Store } from "../../../src/options/store.js";
import { listAll } from "../../../src/stores/list-all.fixture.js";
import { type PostgresClient, postgresStore } from "../../../src/stores/postgres.js";
import { countLists, polledEachSecond } from "../count-lists.js";
import { remember, soon } from "../redis-store/clients.js";
import { type PgBouncer, type PoolMode, pgbouncer, startPgBouncer } from "./start-pgbouncer.js";
import { postgres, startPostgres } from "./start-postgres.js";

const SHARED: readonly PoolMode[] = ["transaction", "statement"];
const LIBRARIES = ["pg", "postgres.js"] as const;

describe.skipIf(!postgres || !pgbouncer)("PostgreSQL behind PgBouncer", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let admin: Pool;
  const poolers = new Map<PoolMode, PgBouncer>();
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await startPostgres();
    admin = new Pool({ connectionString: server.url }).on("error", () => undefined);
    await postgresStore(admin).migrate();
    for (const mode of [...SHARED, "session"] as const)
      poolers.set(mode, await startPgBouncer(server.port, mode));
  });
  afterAll(async () => {
    await admin?.end();
    for (const pooler of poolers.values()) await pooler.stop();
    await server?.stop();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const urlOf = (mode: PoolMode): string => poolers.get(mode)?.url ?? "";
  function clientOf(library: (typeof LIBRARIES)[number], url: string): PostgresClient {
    if (library === "pg") {
      const pool = new Pool({ connectionString: url }).on("error", () => undefined);
      ends.push(() => pool.end());
      return pool;
    }
    const sql = postgresJs(url, { onnotice: () => undefined });
    ends.push(() => sql.end({ timeout: 1 }));
    return sql;
  }
  const processOn = (store: Store): Failfast => {
    const failfast = createFailfast({ store, timeout: 60, report: false });
    ends.push(() => failfast.close());
    return failfast;
  };
  /** Warnings of this process that say that a store does not push. */
  function warnings(): string[] {
    const said: string[] = [];
    const hear = (warning: Error & { code?: string }): void => {
      if (warning.code === "FAILFAST_STORE_PUSH") said.push(warning.message);
    };
    process.on("warning", hear);
    ends.push(() => process.off("warning", hear));
    return said;
  }
  const pushes = async (store: Store, writer: Store = store): Promise<void> => {
    const seen = remember();
    const handle = await store.watch?.("", seen);
    ends.push(() => handle?.[Symbol.asyncDispose]());
    await writer.set("pushed", "1", 60_000);
    await expect.poll(() => seen.changes.map(({ value }) => value), soon).toEqual(["1"]);
  };

  test.each(LIBRARIES)(
    "in transaction mode, is polled, with one warning that says what to do (%s)",
    async (library) => {
      const prefix = `polled ${library}`;
      const said = warnings();
      const down: unknown[] = [];
      const { counted, lists } = countLists(
        postgresStore(clientOf(library, urlOf("transaction")), { prefix }),
      );
      const here = processOn(counted);
      const there = processOn(postgresStore(admin, { prefix }));
      here.on("store-down", ({ error }) => down.push(error));
      const shop = here("shop");
      await Promise.all([here.ready(), there.ready()]);
      for (const [verb, state] of [
        ["trip", "open"],
        ["reset", "closed"],
      ] as const) {
        await there("shop")[verb]();
        await expect.poll(() => shop.state, { timeout: 30_000 }).toBe(state);
      }
      await polledEachSecond(expect, lists);
      await shop.trip();
      await expect.poll(() => there("shop").state, soon).toBe("open");
      await expect
        .poll(() => said, soon)
        .toEqual([expect.stringMatching(/shares connections.*direct connection/)]);
      expect(down).toEqual([]);
    },
  );

  describe.each(SHARED)("in %s mode", (mode) => {
    test.each(LIBRARIES)(
      "has every verb but push, and leaves no connection listening to the fleet (%s)",
      async (library) => {
        const pooler = await startPgBouncer(server.port, mode, ["default_pool_size = 1"]);
        ends.push(() => pooler.stop());
        const store = postgresStore(clientOf(library, pooler.url), { prefix: `verbs ${library}` });
        await store.migrate();
        await expect(store.watch?.("", remember())).rejects.toThrow(/shares connections/);
        expect(await store.swap?.("a", null, "1", 60_000)).toMatchObject({ ok: true });
        expect(await store.swap?.("a", null, "2", 60_000)).toMatchObject({ ok: false, value: "1" });
        expect(await store.swap?.("a", "1", "2", 60_000)).toMatchObject({ ok: true });
        await store.set("b", "3", 60_000);
        await store.delete("a");
        expect(await listAll(store)).toMatchObject([{ key: "b", value: "3" }]);
        const pooled = new Pool({ connectionString: pooler.url, max: 1 });
        const { rows } = await pooled.query(
          "SELECT count(*)::int AS n FROM pg_listening_channels() AS c WHERE c !~ '_0'",
        );
        await pooled.end();
        expect(rows).toEqual([{ n: 0 }]);
      },
    );

    test("pushes on a direct connection, if it gets one (pg)", async () => {
      const pool = clientOf("pg", urlOf(mode)) as Pool;
      const store = postgresStore({
        query: (text, params) => pool.query(text, params),
        Client,
        options: { connectionString: server.url },
      });
      await pushes(store);
    });

    test("pushes on a direct connection, if it gets one (postgres.js)", async () => {
      const pooled = clientOf("postgres.js", urlOf(mode)) as postgresJs.Sql;
      const direct = clientOf("postgres.js", server.url) as postgresJs.Sql;
      await pushes(
        postgresStore({ unsafe: pooled.unsafe, listen: direct.listen } as unknown as PostgresClient),
      );
    });
  });

  test.each(LIBRARIES)("in session mode, pushes (%s)", async (library) => {
    await pushes(postgresStore(clientOf(library, urlOf("session"))), postgresStore(admin));
  });
});

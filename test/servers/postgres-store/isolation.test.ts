import { Pool } from "pg";
import postgresJs from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createFailfast, type Store } from "../../../src/index.js";
import { type PostgresClient, postgresStore } from "../../../src/stores/postgres.js";
import { storeContract } from "../../../src/testing/index.js";
import { postgres, startPostgres } from "./start-postgres.js";

const LEVELS = ["read committed", "repeatable read", "serializable"];

describe.skipIf(!postgres).each(LEVELS)("transactions that are %s by default", (level) => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  const ends: (() => unknown)[] = [];
  const clients: Readonly<Record<string, () => PostgresClient>> = {
    pg() {
      const pool = new Pool({ connectionString: server.url });
      pool.on("error", () => undefined);
      ends.push(() => pool.end());
      return pool;
    },
    "postgres.js"() {
      const sql = postgresJs(server.url, { onnotice: () => undefined });
      ends.push(() => sql.end({ timeout: 1 }));
      return sql;
    },
  };
  beforeAll(async () => {
    server = await startPostgres();
    const admin = new Pool({ connectionString: server.url });
    await admin.query(`ALTER DATABASE postgres SET default_transaction_isolation = '${level}'`);
    await admin.end();
    const pool = new Pool({ connectionString: server.url });
    await postgresStore(pool).migrate();
    await pool.end();
  });
  afterAll(() => server?.stop());
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  test.each(["pg", "postgres.js"])("report a lost race as a lost race, with %s", async (client) => {
    const stores = Array.from({ length: 4 }, () =>
      postgresStore((clients[client] as () => PostgresClient)()),
    );
    for (let round = 0; round < 30; round++) {
      const key = `${client} ${round}`;
      for (const expect_ of [null, "first"]) {
        const results = await Promise.all(
          stores.map((store, at) => store.swap?.(key, expect_, expect_ === null ? "first" : `${at}`, 60_000)),
        );
        const granted = results.filter((result) => result?.ok);
        expect(granted).toHaveLength(1);
      }
    }
  });

  test("let writes without a condition wait for their turn", async () => {
    const stores = Array.from({ length: 4 }, () => postgresStore((clients["pg"] as () => PostgresClient)()));
    for (let round = 0; round < 20; round++)
      await Promise.all([
        ...stores.map((store, at) => store.set("shared", `${round} ${at}`, 60_000)),
        ...stores.map((store) => store.list?.("")),
        ...stores.map((store, at) => store.set(`own ${at}`, "value", 60_000)),
        stores[0]?.delete("own 1"),
      ]);
  });

  test("give the lease to one process of a fleet, without store-down", async () => {
    let leases = 0;
    const fleet = Array.from({ length: 4 }, () => {
      const store = postgresStore((clients["pg"] as () => PostgresClient)());
      const swap: NonNullable<Store["swap"]> = async (...args) => {
        const result = (await store.swap?.(...args)) ?? { ok: false, value: null };
        if (result.ok && JSON.parse(args[2]).state === "half-open") leases += 1;
        return result;
      };
      return createFailfast({ store: { ...store, swap } });
    });
    const down: unknown[] = [];
    for (const each of fleet) each.on("store-down", ({ error }) => down.push(error));
    const circuits = fleet.map((each) => each("shop", "200ms"));
    await Promise.all(fleet.map((each) => each.ready()));
    for (let round = 0; round < 3; round++) {
      await circuits[0]?.trip();
      for (const circuit of circuits)
        await expect.poll(() => circuit.state, { timeout: 10_000, interval: 5 }).not.toBe("closed");
      await expect
        .poll(() => circuits.every((circuit) => circuit.retryAfter === 0), { timeout: 10_000, interval: 5 })
        .toBe(true);
      leases = 0;
      const probe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));
      await Promise.allSettled(circuits.map((circuit) => circuit.run(probe)));
      await Promise.all(fleet.map((each) => each.settled()));
      expect(leases).toBe(1);
      for (const circuit of circuits)
        await expect.poll(() => circuit.state, { timeout: 10_000, interval: 5 }).toBe("closed");
    }
    expect(down).toEqual([]);
    await Promise.all(fleet.map((each) => each.close()));
  });

  if (level !== "read committed")
    describe("pass the contract", () => {
      const makeStore = () => {
        const pool = new Pool({ connectionString: server.url });
        return { store: postgresStore(pool), close: () => pool.end() };
      };
      // One after the other: each would be in the way of all others, which is tried above.
      for (const { name, run } of storeContract(makeStore)) test(name, run);
    });
});

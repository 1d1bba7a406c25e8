import { PrismaPg } from "@prisma/adapter-pg";
import { sql as drizzleSql } from "drizzle-orm";
import { drizzle as drizzleMysql } from "drizzle-orm/mysql2";
import { drizzle as drizzlePg } from "drizzle-orm/node-postgres";
import knexOf from "knex";
import { type CompiledQuery, Kysely, MysqlDialect, PostgresDialect, sql } from "kysely";
import mysqlCallbacks from "mysql2";
import mysql from "mysql2/promise";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { guardPool } from "../../../src/clients/pool.js";
import { type Circuit, createFailfast, isFailfastError } from "../../../src/index.js";
import { mariadbd, startMariadb } from "../mysql-store/start-mariadb.js";
import { postgres, startPostgres } from "../postgres-store/start-postgres.js";

/** How a library on top of a pool runs its statements. */
interface Asking {
  ask(statement: string): Promise<unknown>;
  /** Runs two statements in a transaction, and calls `midway` after the first. */
  inTransaction(statement: string, midway: () => Promise<unknown>): Promise<unknown>;
  close(): Promise<unknown>;
}

/** It reports connections that it does not get. */
const QUIET = { warn: () => undefined };
const outcome = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

/** What must work under each library. */
async function holdsUnder(asking: Asking, circuit: Circuit, count: () => Promise<number>): Promise<void> {
  await asking.ask("DELETE FROM invoices");
  await asking.ask("INSERT INTO invoices VALUES (1)");
  for (const wrong of ["SELEC 1", "SELECT wrong FROM invoices", "INSERT INTO invoices VALUES (1)"])
    expect(isFailfastError(await outcome(asking.ask(wrong)))).toBe(false);
  expect(circuit.state).toBe("closed");
  await asking.inTransaction("INSERT INTO invoices VALUES (2)", () => circuit.trip());
  expect(circuit.state).toBe("open");
  expect(await count()).toBe(3);
  expect(isFailfastError(await outcome(asking.ask("SELECT 1")))).toBe(true);
  expect(isFailfastError(await outcome(asking.inTransaction("SELECT 1", async () => 0)))).toBe(true);
  await circuit.reset();
  await asking.ask("SELECT 1");
  // The circuit is due, and the next statement is the probe.
  circuit.update({ timeout: "100ms" });
  await circuit.trip();
  await expect
    .poll(() => outcome(asking.ask("SELECT 1")).then(isFailfastError), { timeout: 20_000 })
    .toBe(false);
  expect(circuit.state).toBe("closed");
}

const circuitOf = (): Circuit => {
  const failfast = createFailfast();
  onTestFinished(() => failfast.close());
  return failfast("database", "60s") as Circuit;
};

describe.skipIf(!postgres)("over PostgreSQL", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let plain: pg.Pool;
  beforeAll(async () => {
    server = await startPostgres();
    plain = new pg.Pool({ connectionString: server.url });
    await plain.query("CREATE TABLE invoices (id int PRIMARY KEY)");
  });
  afterAll(async () => {
    await plain?.end();
    await server?.stop();
  });

  const over: Record<string, (pool: pg.Pool) => Promise<Asking> | Asking> = {
    Drizzle(pool) {
      const db = drizzlePg(pool);
      return {
        ask: (statement) => db.execute(drizzleSql.raw(statement)),
        inTransaction: (statement, midway) =>
          db.transaction(async (tx) => {
            await tx.execute(drizzleSql.raw(statement));
            await midway();
            await tx.execute(drizzleSql.raw(statement.replace("2", "3")));
          }),
        close: () => pool.end(),
      };
    },
    Kysely: (pool) => kyselyOver(new Kysely({ dialect: new PostgresDialect({ pool }) })),
    Knex: (pool) => knexOver(knexOf({ client: "pg", connectionPool: pool, log: QUIET }), pool),
    async "Prisma's adapter"(pool) {
      const adapter = await new PrismaPg(pool).connect();
      const asked = (statement: string) => ({ sql: statement, args: [], argTypes: [] });
      return {
        ask: (statement) => adapter.queryRaw(asked(statement)),
        async inTransaction(statement, midway) {
          const transaction = await adapter.startTransaction();
          await transaction.executeRaw(asked(statement));
          await midway();
          await transaction.executeRaw(asked(statement.replace("2", "3")));
          await transaction.executeRaw(asked("COMMIT"));
          await transaction.commit();
        },
        close: () => adapter.dispose().then(() => pool.end()),
      };
    },
  };
  test.each(Object.keys(over))("guardPool works under %s", async (name) => {
    const circuit = circuitOf();
    const asking = (await over[name]?.(
      guardPool(circuit, new pg.Pool({ connectionString: server.url })),
    )) as Asking;
    onTestFinished(async () => void (await asking.close()));
    await holdsUnder(asking, circuit, async () => (await plain.query("SELECT * FROM invoices")).rows.length);
  });
});

describe.skipIf(!mariadbd)("over MariaDB", () => {
  let server: Awaited<ReturnType<typeof startMariadb>>;
  let plain: mysql.Pool;
  beforeAll(async () => {
    server = await startMariadb();
    plain = mysql.createPool(server.url);
    await plain.query("CREATE TABLE invoices (id int PRIMARY KEY)");
  });
  afterAll(async () => {
    await plain?.end();
    await server?.stop();
  });

  const over: Record<string, (circuit: Circuit) => Asking> = {
    "Drizzle, with promises": (circuit) => drizzleOver(guardPool(circuit, mysql.createPool(server.url))),
    "Drizzle, with callbacks"(circuit) {
      const pool = guardPool(circuit, mysqlCallbacks.createPool(server.url));
      return { ...drizzleOver(pool), close: () => pool.promise().end() };
    },
    Kysely(circuit) {
      const pool = guardPool(circuit, mysqlCallbacks.createPool(server.url));
      return kyselyOver(new Kysely({ dialect: new MysqlDialect({ pool }) }));
    },
    "Knex, with promises"(circuit) {
      const pool = guardPool(circuit, mysql.createPool(server.url));
      return knexOver(knexOf({ client: "mysql2", connectionPool: pool as never, log: QUIET }), pool);
    },
    "Knex, with callbacks"(circuit) {
      const pool = guardPool(circuit, mysqlCallbacks.createPool(server.url));
      return knexOver(
        knexOf({ client: "mysql2", connectionPool: pool as never, log: QUIET }),
        pool.promise(),
      );
    },
  };
  test.each(Object.keys(over))("guardPool works under %s", async (name) => {
    const circuit = circuitOf();
    const asking = over[name]?.(circuit) as Asking;
    onTestFinished(async () => void (await asking.close()));
    const count = async (): Promise<number> => {
      const [rows] = await plain.query("SELECT * FROM invoices");
      return (rows as unknown[]).length;
    };
    await holdsUnder(asking, circuit, count);
  });
});

function drizzleOver(pool: mysql.Pool | mysqlCallbacks.Pool): Asking {
  const db = drizzleMysql(pool as mysql.Pool);
  return {
    ask: (statement) => db.execute(drizzleSql.raw(statement)),
    inTransaction: (statement, midway) =>
      db.transaction(async (tx) => {
        await tx.execute(drizzleSql.raw(statement));
        await midway();
        await tx.execute(drizzleSql.raw(statement.replace("2", "3")));
      }),
    close: () => (pool as mysql.Pool).end(),
  };
}

function kyselyOver(db: Kysely<unknown>): Asking {
  const raw = (statement: string): CompiledQuery => sql.raw(statement).compile(db);
  return {
    ask: (statement) => db.executeQuery(raw(statement)),
    inTransaction: (statement, midway) =>
      db.transaction().execute(async (trx) => {
        await trx.executeQuery(raw(statement));
        await midway();
        await trx.executeQuery(raw(statement.replace("2", "3")));
      }),
    close: () => db.destroy(),
  };
}

function knexOver(db: ReturnType<typeof knexOf>, pool: { end(): Promise<unknown> }): Asking {
  return {
    ask: async (statement) => db.raw(statement),
    inTransaction: (statement, midway) =>
      db.transaction(async (trx) => {
        await trx.raw(statement);
        await midway();
        await trx.raw(statement.replace("2", "3"));
      }),
    close: () => db.destroy().then(() => pool.end()),
  };
}

import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guardPool } from "../../../src/clients/pool.js";
import { isFailfastError } from "../../../src/index.js";
import { manualClock } from "../../../src/testing/index.js";
import { postgres, startPostgres } from "../postgres-store/start-postgres.js";
import { startToxicProxy } from "../toxic-proxy/proxy.js";
import { circuitOf, close, outcome, rejects, takesConnections } from "./guarded-database.js";

describe.skipIf(!postgres)("guardPool of pg", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());
  const poolOf = (config: pg.PoolConfig = {}): pg.Pool => {
    const pool = new pg.Pool({ connectionString: server.url, ...config });
    pool.on("error", () => undefined);
    close.push(() => pool.end());
    return pool;
  };

  test("answers as the pool does, with promises and callbacks, and is an instance of its class", async () => {
    const pool = guardPool(circuitOf(), poolOf());
    expect(pool).toBeInstanceOf(pg.Pool);
    expect((await pool.query("SELECT $1::int AS n", [3])).rows).toEqual([{ n: 3 }]);
    const rows = await new Promise((resolve, reject) =>
      pool.query("SELECT 4 AS n", [], (error, result) => (error ? reject(error) : resolve(result.rows))),
    );
    expect(rows).toEqual([{ n: 4 }]);
    const client = await pool.connect();
    expect((await client.query({ text: "SELECT 5 AS n" })).rows).toEqual([{ n: 5 }]);
    client.release();
    await new Promise<void>((resolve) =>
      pool.connect((_, given, release) => {
        void given?.query("SELECT 6 AS n", (_error, result) => {
          expect(result.rows).toEqual([{ n: 6 }]);
          release();
          resolve();
        });
      }),
    );
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 1, 0]);
  });

  test("counts an error of a statement as an answer, wherever it is run", async () => {
    const circuit = circuitOf();
    const pool = guardPool(circuit, poolOf());
    await pool.query("DROP TABLE IF EXISTS invoices; CREATE TABLE invoices (id int PRIMARY KEY)");
    await pool.query("INSERT INTO invoices VALUES (1)");
    const client = await pool.connect();
    for (const [statement, code] of [
      ["SELEC 1", "42601"],
      ["SELECT wrong", "42703"],
      ["INSERT INTO invoices VALUES (1)", "23505"],
      ["SELECT 1 / 0", "22012"],
      ["BEGIN READ ONLY; INSERT INTO invoices VALUES (2)", "25006"],
    ] as const) {
      if (code !== "25006") expect(await outcome(pool.query(statement))).toMatchObject({ code });
      expect(await outcome(client.query(statement))).toMatchObject({ code });
      await client.query("ROLLBACK");
      const called = new Promise((resolve) => client.query(statement, (error) => resolve(error)));
      expect(await called).toMatchObject({ code });
      await client.query("ROLLBACK");
    }
    client.release();
    expect(circuit.state).toBe("closed");
  });

  test.each([
    ["a statement that timed out", "SET statement_timeout = 20; SELECT pg_sleep(5)", "57014"],
    ["a connection shut down by an operator", "SELECT pg_terminate_backend(pg_backend_pid())", "57P01"],
    ["no room for one more connection", "SELECT 1", "53300"],
    ["a standby where the primary was", "CREATE TABLE customers (id int)", "25006"],
  ])("counts %s as a failure", async (_, statement, code) => {
    const admin = poolOf();
    await admin.query("DROP ROLE IF EXISTS few; CREATE ROLE few LOGIN CONNECTION LIMIT 0");
    const standby = { options: "-c default_transaction_read_only=on" };
    const its =
      code === "53300" ? { user: "few", connectionString: undefined } : code === "25006" ? standby : {};
    const { hostname, port } = new URL(server.url);
    const circuit = circuitOf();
    const pool = guardPool(
      circuit,
      poolOf({
        ...its,
        ...(code === "53300" && { host: hostname, port: Number(port), database: "postgres" }),
      }),
    );
    expect(await outcome(pool.query(statement))).toMatchObject({ code });
    expect(circuit.state).toBe("open");
    expect(isFailfastError(await outcome(pool.connect()))).toBe(true);
    expect(isFailfastError(await outcome(pool.query(statement)))).toBe(true);
  });

  test("counts nothing for a statement that was cancelled, or that can't be sent", async () => {
    const circuit = circuitOf();
    const pool = guardPool(circuit, poolOf());
    const client = await pool.connect();
    const { rows } = await client.query("SELECT pg_backend_pid() AS pid");
    const report = outcome(client.query("SELECT pg_sleep(20)"));
    await pool.query("SELECT pg_sleep(0.1)");
    await pool.query("SELECT pg_cancel_backend($1)", [rows[0].pid]);
    expect(await report).toMatchObject({ code: "57014" });
    client.release();
    expect(await outcome(pool.query(undefined as never))).toBeInstanceOf(TypeError);
    expect(circuit.state).toBe("closed");
  });

  test("does not count the wait for a free connection as part of a call", async () => {
    const clock = manualClock();
    const options = { slowCall: "150ms", minimumCalls: 1, callTimeout: "1s", consecutive: 1 } as const;
    const circuit = circuitOf(options, "60s", clock);
    const pool = guardPool(circuit, poolOf({ max: 1 }));
    const report = await pool.connect();
    const waiting = [pool.query("SELECT 1"), pool.connect().then((client) => client.release())];
    await clock.advance(300);
    report.release();
    await Promise.all(waiting);
    expect(circuit.state).toBe("closed");
    const busy = await pool.connect();
    const tooLong = [pool.query("SELECT 1"), pool.connect()].map(outcome);
    await clock.advance(1_000);
    for (const wait of tooLong) expect(await wait).toMatchObject({ name: "TimeoutError" });
    busy.release();
    await pool.query("SELECT 1");
    expect([circuit.state, pool.idleCount]).toEqual(["closed", 1]);
  });

  test("counts nothing for the pool's own time-out of such a wait", async () => {
    const circuit = circuitOf();
    const pool = guardPool(circuit, poolOf({ max: 1, connectionTimeoutMillis: 1_000 }));
    const busy = await pool.connect();
    for (const wait of [pool.query("SELECT 1"), pool.connect()])
      expect(await outcome(wait)).toMatchObject({ message: "timeout exceeded when trying to connect" });
    busy.release();
    expect(circuit.state).toBe("closed");
  });

  test("lets a transaction go on to its end while the circuit is open", async () => {
    const circuit = circuitOf();
    const pool = guardPool(circuit, poolOf());
    await pool.query("DROP TABLE IF EXISTS invoices; CREATE TABLE invoices (id int)");
    const client = await pool.connect();
    await client.query("BEGIN");
    await client.query("INSERT INTO invoices VALUES (1)");
    await circuit.trip();
    await client.query("INSERT INTO invoices VALUES (2)");
    await client.query("COMMIT");
    client.release();
    expect(isFailfastError(await outcome(pool.query("SELECT 1")))).toBe(true);
    await circuit.reset();
    expect((await pool.query("SELECT * FROM invoices")).rows).toHaveLength(2);
    expect(pool.idleCount).toBe(1);
  });

  test("opens when the server dies, and closes with the next caller that takes a connection", async () => {
    const circuit = circuitOf({ consecutive: 2 }, "300ms");
    const pool = guardPool(circuit, poolOf());
    const client = await pool.connect();
    client.on("error", () => undefined);
    await server.kill();
    await outcome(client.query("SELECT 1"));
    await rejects(() => pool.query("SELECT 1"));
    client.release(true);
    await server.restart();
    await takesConnections(() => pool.connect());
    expect(circuit.state).toBe("closed");
  });

  test("does not take an open connection for a proof that the server works", async () => {
    const proxy = await startToxicProxy(server.port);
    close.push(() => proxy.close());
    const circuit = circuitOf({ callTimeout: "500ms" }, "100ms");
    const pool = guardPool(
      circuit,
      poolOf({ connectionString: server.url.replace(/:\d+/, `:${proxy.port}`) }),
    );
    await pool.query("SELECT 1");
    expect(pool.idleCount).toBe(1);
    await circuit.trip();
    await proxy.add({ kind: "timeout" });
    await expect.poll(() => circuit.state).toBe("half-open");
    expect(await outcome(pool.connect())).toMatchObject({ name: "TimeoutError" });
    expect(circuit.state).not.toBe("closed");
    // The connection that did not answer is not given out again.
    expect(pool.idleCount).toBe(0);
    await proxy.heal();
    await takesConnections(pool.connect.bind(pool));
    expect(circuit.state).toBe("closed");
  });

  test("passes statements through that are read as a stream", async () => {
    const pool = guardPool(circuitOf(), poolOf());
    const client = await pool.connect();
    const query = client.query(new pg.Query("SELECT generate_series(1, 3) AS n"));
    const rows: unknown[] = [];
    query.on("row", (row) => rows.push(row));
    await new Promise((resolve) => query.on("end", resolve));
    client.release();
    expect(rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  test("lets exceptions say which errors are failures, and does not ask it about the pool's own", async () => {
    const circuit = circuitOf();
    const asked: unknown[] = [];
    const pool = guardPool(circuit, poolOf({ max: 1, connectionTimeoutMillis: 1_000 }), {
      exceptions: (error) => {
        asked.push((error as { code: unknown }).code);
        return (error as { code: unknown }).code === "40P01";
      },
    });
    const busy = await pool.connect();
    await outcome(pool.query("SELECT 1"));
    busy.release();
    expect(asked).toEqual([]);
    await outcome(pool.query("DO $$ BEGIN RAISE SQLSTATE '57P03'; END $$"));
    expect(circuit.state).toBe("closed");
    await outcome(pool.query("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"));
    expect(circuit.state).toBe("open");
  });
});

test("anything but a pool and a circuit is refused when the guard is created", () => {
  const circuit = circuitOf();
  expect(() => guardPool(circuit, {} as never)).toThrow("guardPool takes a pool of pg or mysql2");
  expect(() => guardPool(circuit, new pg.Client() as never)).toThrow(TypeError);
  expect(() => guardPool({} as never, new pg.Pool())).toThrow("guardPool takes a circuit");
  expect(() => guardPool(circuit, new pg.Pool(), "x" as never)).toThrow(TypeError);
});

import mysqlCallbacks, { type PoolConnection } from "mysql2";
import mysql from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guardPool } from "../../../src/clients/pool.js";
import { isFailfastError } from "../../../src/index.js";
import { mariadbd, startMariadb } from "../mysql-store/start-mariadb.js";
import { circuitOf, close, outcome, rejects, takesConnections } from "./guarded-database.js";

describe.skipIf(!mariadbd)("guardPool of mysql2", () => {
  let server: Awaited<ReturnType<typeof startMariadb>>;
  beforeAll(async () => {
    server = await startMariadb();
  });
  afterAll(() => server?.stop());
  const promises = (options: mysql.PoolOptions = {}): mysql.Pool => {
    const pool = mysql.createPool({ uri: server.url, ...options });
    close.push(() => pool.end());
    return pool;
  };
  const callbacks = (options: mysql.PoolOptions = {}): mysqlCallbacks.Pool => {
    const pool = mysqlCallbacks.createPool({ uri: server.url, ...options });
    close.push(() => new Promise((resolve) => pool.end(resolve)));
    return pool;
  };

  test("answers as the pool does, with promises, callbacks and streams", async () => {
    const pool = guardPool(circuitOf(), promises());
    expect((await pool.query("SELECT ? AS n", [3]))[0]).toEqual([{ n: 3 }]);
    expect((await pool.execute("SELECT ? AS n", [4]))[0]).toEqual([{ n: 4 }]);
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    expect((await connection.execute("SELECT 5 AS n"))[0]).toEqual([{ n: 5 }]);
    await connection.commit();
    connection.release();

    const called = guardPool(circuitOf(), callbacks());
    const [rows, fields] = await new Promise<unknown[]>((resolve, reject) =>
      called.query("SELECT 6 AS n", (error, ...answer) => (error ? reject(error) : resolve(answer))),
    );
    expect([rows, (fields as { name: string }[])[0]?.name]).toEqual([[{ n: 6 }], "n"]);
    expect((await called.promise().query("SELECT 7 AS n"))[0]).toEqual([{ n: 7 }]);
    const taken = await new Promise<PoolConnection>((resolve, reject) =>
      called.getConnection((error, given) => (error ? reject(error) : resolve(given))),
    );
    expect((await taken.promise().query("SELECT 8 AS n"))[0]).toEqual([{ n: 8 }]);
    const streamed: unknown[] = [];
    for await (const row of taken.query("SELECT 1 AS n UNION SELECT 2").stream()) streamed.push(row);
    expect(streamed).toEqual([{ n: 1 }, { n: 2 }]);
    taken.release();
    for await (const row of called.query("SELECT 3 AS n").stream()) streamed.push(row);
    expect(streamed).toHaveLength(3);
  });

  test("counts an error of a statement as an answer, wherever it is run", async () => {
    const circuit = circuitOf();
    const pool = guardPool(circuit, promises());
    await pool.query("DROP TABLE IF EXISTS invoices");
    await pool.query("CREATE TABLE invoices (id int PRIMARY KEY, n int CHECK (n > 0))");
    await pool.query("INSERT INTO invoices VALUES (1, 1)");
    const connection = await pool.getConnection();
    for (const statement of [
      "SELEC 1",
      "SELECT wrong",
      "INSERT INTO invoices VALUES (1, 1)",
      "INSERT INTO invoices VALUES (2, 0)",
      "SET SESSION innodb_lock_wait_timeout = 'x'",
    ]) {
      expect(await outcome(pool.query(statement))).toBeInstanceOf(Error);
      expect(await outcome(connection.execute(statement))).toBeInstanceOf(Error);
    }
    expect(await outcome(connection.execute("SELECT ?", [undefined] as never))).toBeInstanceOf(TypeError);
    await connection.query("START TRANSACTION READ ONLY");
    expect(await outcome(connection.query("DELETE FROM invoices"))).toMatchObject({ errno: 1792 });
    await connection.rollback();
    connection.release();
    expect(circuit.state).toBe("closed");
  });

  test.each([
    ["a statement that timed out", "SET STATEMENT max_statement_time = 0.02 FOR SELECT SLEEP(5)", 1969],
    ["a server that only reads", "CREATE TABLE t (id int)", 1290],
    ["no room for one more connection", "SELECT 1", 1040],
  ])("counts %s as a failure", async (_, statement, errno) => {
    const admin = promises();
    await admin.query("CREATE USER IF NOT EXISTS few@localhost");
    await admin.query("CREATE USER IF NOT EXISTS few@'127.0.0.1'");
    await admin.query("GRANT ALL ON shop.* TO few@localhost");
    await admin.query("GRANT ALL ON shop.* TO few@'127.0.0.1'");
    if (errno === 1290) {
      await admin.query("SET GLOBAL read_only = 1");
      close.push(() => admin.query("SET GLOBAL read_only = 0"));
    }
    if (errno === 1040) {
      await admin.query("SET GLOBAL max_connections = 10");
      const full = await Promise.all(Array.from({ length: 10 }, () => admin.getConnection()));
      close.push(async () => {
        await full[0]?.query("SET GLOBAL max_connections = 100");
        for (const each of full) each.release();
      });
    }
    const circuit = circuitOf();
    const pool = guardPool(circuit, promises({ uri: server.url.replace("root@", "few@") }));
    expect(await outcome(pool.query(statement))).toMatchObject({ errno });
    expect(circuit.state).toBe("open");
    expect(isFailfastError(await outcome(pool.getConnection()))).toBe(true);
  });

  test.each(["promises", "callbacks"])("counts nothing for a wait for its own pool: %s", async (form) => {
    const circuit = circuitOf({ slowCall: "1s", minimumCalls: 1 });
    const options = { connectionLimit: 1, queueLimit: 1 };
    const pool = guardPool(
      circuit,
      form === "promises" ? promises(options) : (callbacks(options).promise() as mysql.Pool),
    );
    const report = await pool.getConnection();
    const waits = pool.query("SELECT 1");
    expect(await outcome(pool.query("SELECT 1"))).toMatchObject({ message: "Queue limit reached." });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    report.release();
    await waits;
    expect(circuit.state).toBe("closed");
  });

  test("opens when the server dies, and closes with the next caller that takes a connection", async () => {
    const circuit = circuitOf({ consecutive: 2 }, "300ms");
    const pool = guardPool(circuit, promises());
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    await server.kill();
    await rejects(() => pool.query("SELECT 1"));
    expect(isFailfastError(await outcome(connection.rollback()))).toBe(false);
    connection.release();
    await server.restart();
    await takesConnections(() => pool.getConnection());
    expect(circuit.state).toBe("closed");
  });
});

import { failfast } from "failfast";

// What the server says of a statement is an answer; these it says of itself.
const OF_ITSELF =
  /^ER_(CON_COUNT|SERVER_SHUTDOWN|OUT_OF_RESOURCES|OUTOFMEMORY|DISK_FULL|QUERY_TIMEOUT|LOCK_WAIT)/;
const database = failfast("billing_mysql", "10s", {
  exceptions: ({ code = "" }) => !code.startsWith("ER_") || OF_ITSELF.test(code),
  // This process keeps all connections of its pool busy, which has a `queueLimit`: not the database's fault.
  ignore: ({ message }) => message === "Queue limit reached.",
});

/** `pool.execute` of `mysql2/promise` behind a circuit. The time-out begins when the pool has given a connection. */
export const executeOf = (pool) => database((sql, values) => pool.execute({ sql, values, timeout: 5_000 }));

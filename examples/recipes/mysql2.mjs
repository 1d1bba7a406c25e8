import { failfast } from "failfast";

// What the server says of a statement is an answer; these it says of itself.
const OF_ITSELF =
  /^ER_(CON_COUNT|SERVER_SHUTDOWN|OUT_OF_RESOURCES|OUTOFMEMORY|DISK_FULL|QUERY_TIMEOUT|LOCK_WAIT)/;
const database = failfast("billing_database", "10s", {
  exceptions: ({ code = "" }) => !code.startsWith("ER_") || OF_ITSELF.test(code),
  callTimeout: "5s",
});

/** `pool.execute` of `mysql2/promise` behind a circuit. */
export const executeOf = (pool) => database((sql, values) => pool.execute(sql, values));

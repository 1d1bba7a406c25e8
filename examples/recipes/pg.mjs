import { failfast } from "failfast";

// A SQLSTATE is an answer, unless its class says that the server itself is in trouble: 08 connections, 53 resources,
// 57 cancelled and shut down, 58 the system.
const ANSWER = /^(?!08|53|57|58)([0-5][0-9A-Z]|F0|HV|P0)[0-9A-Z]{3}$/;
const database = failfast("billing_postgres", "10s", {
  exceptions: (error) => !ANSWER.test(error?.code),
  // This process keeps all connections of its pool busy: that is not the database's fault.
  ignore: (error) => error?.message === "timeout exceeded when trying to connect",
});

/** `pool.query` behind a circuit. The time-out begins when the pool has given a connection. */
export const queryOf = (pool) =>
  database((text, values) => pool.query({ text, values, query_timeout: 5_000 }));

import { failfast } from "failfast";

/** A circuit for a database. `pg` has no signals, so the query has its own time-out. */
export const circuitOf = (pool, time = "10s") =>
  failfast("orders_database", time, {
    recovery: () => pool.query({ text: "SELECT 1", query_timeout: 5_000 }),
  });

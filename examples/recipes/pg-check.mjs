import { failfast } from "failfast";

/** A circuit around the calls of a database. `pg` has no signals: the query gives up by itself. */
export const circuitOf = (pool, time = "10s") =>
  failfast("orders_database", time, {
    recovery: () => pool.query({ text: "SELECT 1", query_timeout: 5_000 }),
  });

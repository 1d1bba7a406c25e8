import { failfast } from "failfast";

/** A circuit around the calls of an HTTP API, which its health endpoint closes again. */
export const circuitOf = (url, time = "30s") =>
  failfast("orders_api", time, { recovery: (signal) => fetch(`${url}/health`, { signal }) });

import { failfast } from "failfast";

/** A circuit for an HTTP API, which closes when its health endpoint answers. */
export const circuitOf = (url, time = "30s") =>
  failfast("orders_api", time, { recovery: (signal) => fetch(`${url}/health`, { signal }) });

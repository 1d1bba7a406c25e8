import { failfast } from "failfast";

/** A circuit for a Redis. While `node-redis` reconnects, a `ping` would only wait in its queue. */
export const circuitOf = (client, time = "10s") =>
  failfast("sessions_redis", time, { recovery: () => client.isReady && client.ping() });

import { failfast } from "failfast";

/** A circuit around the calls of a Redis. While `node-redis` connects again, a `ping` would only be kept for later. */
export const circuitOf = (client, time = "10s") =>
  failfast("sessions_redis", time, { recovery: () => client.isReady && client.ping() });

import { type Cause, walkCauses } from "../errors/causes.js";

/**
 * Error codes for something that this host lacks: a name service, a route, file descriptors, memory, a free connection
 * in its pool, a client that it has not closed yet. Calls that come late in a shutdown meet the last one.
 */
const OF_THIS_HOST = new Set<unknown>([
  "EAI_AGAIN",
  "EAI_FAIL",
  "ENOTFOUND",
  "ENETUNREACH",
  "ENETDOWN",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "EADDRNOTAVAIL",
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
  "P2024",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
  // From postgres.js. If the server ended the connection, it is CONNECTION_CLOSED.
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
]);

/** The same by name, and by message for pools and clients that give neither code nor name. */
const NAMES = new Set<unknown>([
  "KnexTimeoutError",
  "SequelizeConnectionAcquireTimeoutError",
  "MongoWaitQueueTimeoutError",
  "MongoClientClosedError",
  "MongoPoolClosedError",
  "MongoTopologyClosedError",
  "MongoNotConnectedError",
]);
const MESSAGES = new Set<unknown>([
  "timeout exceeded when trying to connect",
  "No connections available.",
  "Queue limit reached.",
  "ResourceRequest timed out",
  // pg, mysql2, node-redis, ioredis, gRPC
  "Cannot use a pool after calling end on the pool",
  "Client was closed and is not queryable",
  "Connection terminated",
  "Pool is closed.",
  "The client is closed",
  "Disconnects client",
  "Connection is closed.",
  "Channel has been shut down",
]);

const OF_TIME = new Set<unknown>([
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "ECONNABORTED",
  "ERR_FAILFAST_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  // From the SDKs of the Model Context Protocol, by major version.
  "REQUEST_TIMEOUT",
  -32_001,
]);

/** Where a failure comes from. `host`: this host, and it says nothing about the backend. `time`: no answer in time. */
export type Origin = "backend" | "host" | "time";

/** Judged by the error, or by its cause, as `fetch` and clients wrap errors. */
export const originOf = (error: unknown): Origin => walkCauses(error, own, together) ?? "backend";

// A constant, because V8 puts no other function in the place of its call.
const own = ({ name, code, message }: Cause): Origin | undefined => {
  // Most errors have neither code nor name of their own, and then there is nothing to look up.
  const coded = code !== undefined;
  const named = name !== "Error";
  if ((coded && OF_THIS_HOST.has(code)) || (named && NAMES.has(name)) || MESSAGES.has(message)) return "host";
  return name === "TimeoutError" || (coded && OF_TIME.has(code)) ? "time" : undefined;
};

/** Several addresses were tried. It is this host's failure only if all of them failed like that. */
function together(origins: readonly (Origin | undefined)[]): Origin | undefined {
  if (origins.every((each) => each === undefined)) return undefined;
  const others = origins.filter((each) => each !== "host");
  if (others.length === 0) return "host";
  return others.every((each) => each === "time") ? "time" : "backend";
}

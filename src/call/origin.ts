/** Errors of this host rather than of the backend: no name service, no route, no descriptors, no memory. */
const OF_THIS_HOST = new Set([
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
]);

const OF_TIME = new Set([
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "ECONNABORTED",
  "ERR_FAILFAST_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

/** Where a failure comes from. `host`: from this one, which says nothing of the backend. `time`: nobody answered in time. */
export type Origin = "backend" | "host" | "time";

const DEEPEST = 8;

/** By the code of the error or of a cause of it, as `fetch` and clients wrap them. */
export function originOf(error: unknown): Origin {
  try {
    let link = error;
    for (let depth = 0; depth < DEEPEST && typeof link === "object" && link !== null; depth++) {
      const { name, code, cause } = link as { name?: unknown; code?: unknown; cause?: unknown };
      if (typeof code === "string" && OF_THIS_HOST.has(code)) return "host";
      if (name === "TimeoutError" || (typeof code === "string" && OF_TIME.has(code))) return "time";
      link = cause;
    }
  } catch {
    // What can't be read is taken for the backend's.
  }
  return "backend";
}

import { type Cause, walkCauses } from "../errors/causes.js";
import { isRejectionAlone } from "../errors/failfast-error.js";

/**
 * What a driver's error says about the database. `failure`: the database is in trouble. `answer`: it answered, and the
 * error is about the statement. `neither`: nothing was sent, or somebody on this side ended it.
 */
export type DatabaseVerdict = "failure" | "answer" | "neither";

/** @param readOnly whether this connection itself was set to read-only. */
export function verdictOf(error: unknown, readOnly: boolean): DatabaseVerdict {
  if (isRejectionAlone(error)) return "neither";
  return walkCauses(error, (cause) => own(cause, readOnly)) ?? "failure";
}

function own(
  { name, code, errno, message, severity, sqlState, cause }: Cause,
  readOnly: boolean,
): DatabaseVerdict | undefined {
  const text = String(message);
  if (NOT_SENT.test(text)) return "neither";
  // The caller's values can't be sent. From a driver over HTTP such an error has a cause if the network failed.
  if ((name === "TypeError" || name === "RangeError") && cause === undefined) return "neither";
  if (typeof code !== "string") return undefined;
  if (code.startsWith("ER_")) return ofMysql(code, String(sqlState), text, readOnly);
  // Errors that mysql2 has no name for: MariaDB's own, or a proxy's.
  if (sqlState !== undefined && typeof errno === "number")
    return OF_MARIADB.has(errno) || errno >= 9_000 ? "failure" : "answer";
  return SQLSTATE.test(code) ? ofPostgres(code, severity, text, readOnly) : undefined;
}

/** This process's pool is busy or closed, or the connection is known to be unusable. */
const NOT_SENT = new RegExp(
  [
    "^timeout exceeded when trying to connect$",
    "^Cannot use a pool after calling end on the pool$",
    "^Client (has encountered a connection error|was closed) and is not queryable$",
    "^Passing a function as the first parameter to pool.query",
    "^Queue limit reached\\.$",
    "^No connections available\\.$",
    "^Pool is closed\\.$",
    "^Can't add new command when connection is in closed state",
    "^Callback function is not available with promise clients",
  ].join("|"),
);

/** A code of PostgreSQL's, and not one of Node's such as `EPIPE`. */
const SQLSTATE = /^([0-5][0-9A-Z]|F0|HV|P0|XX)[0-9A-Z]{3}$/;

function ofPostgres(code: string, severity: unknown, text: string, readOnly: boolean): DatabaseVerdict {
  // A transaction, or a connection, that this side left idle.
  if (code === "25P03" || code === "25P04" || code === "57P05") return "neither";
  if (code === "57014" && text.includes("user request")) return "neither";
  // "Read only" comes from a standby that was the primary.
  if (code === "25006") return readOnly ? "answer" : "failure";
  // The statement exceeded the limit on temporary files.
  if (code === "53400") return "answer";
  // About the statement too: too few parameters, and errors of extensions and `elog`, which have no code.
  if (code === "08P01" && text.startsWith("bind message")) return "answer";
  if (code === "XX000" && severity === "ERROR") return "answer";
  // Connections, resources, cancelled by a time-out or shut down, the system, and internal errors.
  return /^(08|53|57|58|XX)/.test(code) ? "failure" : "answer";
}

function ofMysql(code: string, sqlState: string, text: string, readOnly: boolean): DatabaseVerdict {
  if (code === "ER_QUERY_INTERRUPTED") return "neither";
  if (code === "ER_OPTION_PREVENTS_STATEMENT")
    return /read[-_]only/i.test(text) && !readOnly ? "failure" : "answer";
  // A Galera node that has lost the others.
  if (code === "ER_UNKNOWN_COM_ERROR") return text.includes("WSREP") ? "failure" : "answer";
  if (code === "ER_NET_PACKET_TOO_LARGE") return "answer";
  return OF_THE_SERVER.test(code) || sqlState.startsWith("08") ? "failure" : "answer";
}

/** A connection that was killed, or a statement that timed out. */
const OF_MARIADB: ReadonlySet<number> = new Set([1927, 1969]);

/** Errors of MySQL and MariaDB about the server itself. */
const OF_THE_SERVER = new RegExp(
  `^ER_(${[
    "CON_COUNT_ERROR|TOO_MANY_USER_CONNECTIONS|USER_LIMIT_REACHED|HOST_IS_BLOCKED",
    "SERVER_SHUTDOWN|NORMAL_SHUTDOWN|SERVER_OFFLINE_MODE|READ_ONLY_MODE",
    "OUT_OF_RESOURCES|OUTOFMEMORY|ENGINE_OUT_OF_MEMORY|CANT_CREATE_THREAD|DISK_FULL|ERROR_ON_(READ|WRITE)",
    "QUERY_TIMEOUT|STATEMENT_TIMEOUT|CONNECTION_KILLED|(NEW_)?ABORTING_CONNECTION|FORCING_CLOSE|NET_.*",
  ].join("|")})$`,
);

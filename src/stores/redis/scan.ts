import type { StoreEntry } from "../store.js";
import type { Connection } from "./connection.js";

/** How many keys of the database Redis looks at in one go: some 0.2 ms of its time. */
const PAGE = "1000";

/** Every string whose key starts with the prefix, by that key, each with Redis's clock when it was read. */
export async function scan(connection: Connection, prefix: string): Promise<Map<string, StoreEntry>> {
  const found = new Map<string, StoreEntry>();
  const stored = connection.keyPrefix + prefix;
  let cursor = "0";
  do {
    const page = await connection.send(["scan", cursor, "match", `${escapeGlob(stored)}*`, "count", PAGE]);
    const [next, matches] = page as [unknown, string[]];
    const keys = matches.map((key) => key.slice(connection.keyPrefix.length));
    if (keys.length > 0) await read(connection, keys, found);
    cursor = String(next);
  } while (cursor !== "0");
  return found;
}

async function read(connection: Connection, keys: string[], found: Map<string, StoreEntry>): Promise<void> {
  const [values, time] = await Promise.all([connection.send(["mget"], keys), connection.send(["time"])]);
  const [seconds, microseconds] = time as [string, string];
  const now = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
  for (const [index, value] of (values as unknown[]).entries()) {
    const key = keys[index];
    // Gone in the meantime, or no string: MGET answers null for both.
    if (key !== undefined && typeof value === "string") found.set(key, { key, value, now });
  }
}

const escapeGlob = (text: string): string => text.replace(/[\\*?[\]]/g, "\\$&");

import type { StoreSession } from "../breaker/store-session.js";
import { tenthsOfSeconds } from "../errors/seconds.js";
import type { StoreListing } from "../options/store.js";
import { decodeName } from "../protocol/decode-name.js";
import { circuitKey, holdKey } from "../protocol/key.js";
import type { CircuitState } from "../protocol/record.js";
import type { Replica } from "../sync/replica.js";
import { isEntry, listing, read } from "../sync/store-operations.js";
import { answerOf } from "../sync/with-deadline.js";
import { byCircuit, decodeRecord, heldAt, type Records, stateAt } from "./records.js";

/** How long the store may take to answer, in ms. */
const READS_FOR_MS = 5_000;

/** A circuit as the store has it, whichever process uses it. */
export interface FleetCircuit {
  /** Its name. A name too long for a key is cut: its beginning, an ellipsis and 8 digits that identify it. */
  readonly name: string;
  readonly state: CircuitState;
  /** Set while an operator holds it. */
  readonly held: "open" | "closed" | undefined;
  /** Seconds until calls may go through again, to a tenth, rounded up; 0 if they may now. */
  readonly retryAfter: number;
  /** Who holds it, or otherwise who changed its state last. */
  readonly by: string;
  /** Why they did. */
  readonly reason: string;
  /** When they did, in ms since the epoch. */
  readonly at: number;
  /** When the hold or the open time ends by itself, in ms since the epoch on the store's clock; 0 if it doesn't. */
  readonly until: number;
}

/**
 * The circuits that one store has records of, and those that this process uses, sorted by name. A circuit that never
 * opened has no record. If the store can't list, it is asked only for the names in use here.
 *
 * @throws the store's error, or a `StoreTimeoutError`.
 */
export async function fleetCircuits({ replica, clock }: StoreSession): Promise<FleetCircuit[]> {
  const { entries, now = clock.wall() } = await answerOf(clock, READS_FOR_MS, () => listingOf(replica));
  const decoded = new Map<string, Records>();
  for (const entry of entries) {
    const records = isEntry(entry) ? decodeRecord(entry, now) : undefined;
    if (records !== undefined) decoded.set(entry.key, records);
  }
  const unused = [...replica.subscribers.keys()].map((key) => [key, {}] as const);
  return [...new Map<string, Records>([...unused, ...byCircuit(decoded)])]
    .map(([key, records]) => describe(decodeName(key), records, now))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function listingOf({ store, subscribers }: Replica): Promise<StoreListing> {
  if (store.list) return listing(await store.list(""));
  const keys = [...subscribers.keys()].flatMap((name) => [circuitKey(name), holdKey(name)]);
  const values = await Promise.all(keys.map(async (key) => ({ key, value: await read(store, key) })));
  return { entries: values.flatMap(({ key, value }) => (value === null ? [] : [{ key, value }])) };
}

function describe(name: string, records: Records, now: number): FleetCircuit {
  const held = heldAt(records, now);
  const state = stateAt(records, now);
  const { by = "", reason = "", at = 0, until = 0 } = (held && records.hold) ?? records.circuit ?? {};
  const leftMs = state === "closed" ? 0 : Math.max(until - now, 0);
  return {
    name,
    state,
    held,
    retryAfter: tenthsOfSeconds(leftMs),
    by,
    reason,
    at,
    until: leftMs === 0 && held === undefined ? 0 : until,
  };
}

import type { StoreSession } from "../breaker/store-session.js";
import { tenthsOfSeconds } from "../errors/seconds.js";
import type { StoreListing } from "../options/store.js";
import { decodeCircuit, decodeHold } from "../protocol/codec.js";
import { CIRCUIT, circuitKey, decodeName, HOLD, holdKey } from "../protocol/key.js";
import type { CircuitRecord, CircuitState, HoldRecord } from "../protocol/record.js";
import { isEntry, listing, read } from "../sync/store-operations.js";
import { withDeadline } from "../sync/with-deadline.js";

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
  /** Who holds it, or otherwise who changed its state last; why; and when (ms since the epoch). */
  readonly by: string;
  readonly reason: string;
  readonly at: number;
  /** When the hold or the open time ends by itself, in ms since the epoch on the store's clock; 0 if it doesn't. */
  readonly until: number;
}

interface Records {
  circuit?: CircuitRecord | undefined;
  hold?: HoldRecord | undefined;
}

/**
 * The circuits that one store has records of, and those that this process uses, sorted by name. A circuit that never
 * opened has no record. If the store can't list, it is asked only for the names in use here.
 *
 * @throws the store's error, or a `StoreTimeoutError`.
 */
export async function fleetCircuits(session: StoreSession): Promise<FleetCircuit[]> {
  const { replica, clock } = session;
  const { entries, now = clock.wall() } = await listingOf(session);
  const byKey = new Map<string, Records>();
  for (const key of replica.subscribers.keys()) byKey.set(key, {});
  for (const entry of entries) {
    if (!isEntry(entry)) continue;
    const kind = entry.key.startsWith(CIRCUIT) ? CIRCUIT : HOLD;
    if (!entry.key.startsWith(kind)) continue;
    const key = entry.key.slice(kind.length);
    const records = byKey.get(key) ?? {};
    if (kind === CIRCUIT) records.circuit = decodeCircuit(entry.value, now);
    else records.hold = decodeHold(entry.value, now);
    if (records.circuit ?? records.hold) byKey.set(key, records);
  }
  return [...byKey]
    .map(([key, records]) => describe(decodeName(key), records, now))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function listingOf(session: StoreSession): Promise<StoreListing> {
  const { store, clock, subscribers } = session.replica;
  return new Promise((resolve, reject) => {
    withDeadline(
      clock,
      READS_FOR_MS,
      async () => {
        if (store.list) return listing(await store.list(""));
        const keys = [...subscribers.keys()].flatMap((name) => [circuitKey(name), holdKey(name)]);
        const values = await Promise.all(keys.map(async (key) => ({ key, value: await read(store, key) })));
        return { entries: values.flatMap(({ key, value }) => (value === null ? [] : [{ key, value }])) };
      },
      (outcome) => (outcome.ok ? resolve(outcome.value) : reject(outcome.error)),
    );
  });
}

function describe(name: string, { circuit, hold }: Records, now: number): FleetCircuit {
  const holds = hold !== undefined && (hold.until === 0 || hold.until > now);
  const held = holds && hold.state !== "released" ? hold.state : undefined;
  const { by = "", reason = "", at = 0, until = 0 } = (held && hold) ?? circuit ?? {};
  const state = held ?? stateOf(circuit, now);
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

/** An open circuit may be probed after its time. */
function stateOf(circuit: CircuitRecord | undefined, now: number): CircuitState {
  if (circuit === undefined) return "closed";
  return circuit.state === "open" && circuit.until <= now ? "half-open" : circuit.state;
}

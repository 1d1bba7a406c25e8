import type { StoreEntry } from "../options/store.js";
import { decodeCircuit, decodeHold } from "../protocol/codec.js";
import { subjectOf } from "../protocol/key.js";
import type { CircuitRecord, CircuitState, HoldRecord } from "../protocol/record.js";

/** What the store has about one circuit. */
export interface Records {
  readonly circuit?: CircuitRecord;
  readonly hold?: HoldRecord;
}

/** The meaning of a store's entry, if it is a circuit's record or a hold. */
export function decodeRecord(entry: StoreEntry, now: number): Records | undefined {
  const kind = subjectOf(entry.key)?.kind;
  const circuit = kind === "circuit" ? decodeCircuit(entry.value, now) : undefined;
  if (circuit !== undefined) return { circuit };
  const hold = kind === "hold" ? decodeHold(entry.value, now) : undefined;
  return hold && { hold };
}

/** Whether the first of two entries with one key was written after the second. */
export const isNewer = (one: Records, other: Records): boolean => revisionOf(one) > revisionOf(other);

const revisionOf = ({ circuit, hold }: Records): number => (circuit ?? hold)?.revision ?? 0;

/** The records of each circuit, by the key of its name. */
export function byCircuit(entries: ReadonlyMap<string, Records>): Map<string, Records> {
  const circuits = new Map<string, Records>();
  for (const [key, records] of entries) {
    const { encoded = "" } = subjectOf(key) ?? {};
    circuits.set(encoded, { ...circuits.get(encoded), ...records });
  }
  return circuits;
}

/** The state in which an operator held it at that moment. */
export function heldAt({ hold }: Records, at: number): "open" | "closed" | undefined {
  if (hold === undefined || hold.state === "released") return undefined;
  return hold.until === 0 || hold.until > at ? hold.state : undefined;
}

/** Its state at that moment, by what is stored now. An open circuit may be probed after its time. */
export function stateAt(records: Records, at: number): CircuitState {
  const held = heldAt(records, at);
  if (held !== undefined) return held;
  const { circuit } = records;
  if (circuit === undefined) return "closed";
  return circuit.state === "open" && circuit.until <= at ? "half-open" : circuit.state;
}

/** When an operator or a process last changed it. */
export const changedAt = ({ circuit, hold }: Records): number => Math.max(circuit?.at ?? 0, hold?.at ?? 0);

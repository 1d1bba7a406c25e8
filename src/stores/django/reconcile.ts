import type { Store } from "../../options/store.js";
import { circuitKey, holdKey } from "../../protocol/key.js";
import { systemClock } from "../../runtime/system-clock.js";
import type { Held } from "./marker.js";
import type { Markers } from "./markers.js";
import { settle } from "./settle.js";

/** What was read of one circuit. */
export interface Sides {
  readonly encoded: string;
  /** Django's key, and what is there. */
  readonly key: string;
  readonly held: Held;
  /** Its record and its hold. */
  readonly circuit: string | null;
  readonly hold: string | null;
}

/**
 * If a circuit's record and Python's marker seem to disagree, looks again and corrects one of them. Returns the record.
 */
export async function reconcile(records: Store, markers: Markers, sides: Sides): Promise<string | null> {
  const { key, held, circuit, hold } = sides;
  const seen = { marker: markers.meaningOf(held, key), circuit, hold, now: held.now ?? Date.now() };
  return settle(seen, nonce).do === "nothing" ? circuit : mend(records, markers, sides);
}

async function mend(records: Store, markers: Markers, { encoded, key }: Sides): Promise<string | null> {
  // The marker first: a process writes its record before its marker, so the record read afterwards is not older.
  const held = await markers.read(key);
  const [{ value, now = Date.now() }, hold] = await Promise.all([
    peek(records, circuitKey(encoded)),
    records.get(holdKey(encoded)),
  ]);
  const marker = markers.meaningOf(held, key);
  const step = settle({ marker, circuit: value, hold: hold ?? null, now }, nonce);
  switch (step.do) {
    case "mark":
      await markers.markOver(held, key, step);
      return value;
    case "clear":
      await markers.clear(key);
      return value;
    case "write":
      if (records.swap) return (await records.swap(circuitKey(encoded), value, step.value, step.ttlMs)).value;
      await records.set(circuitKey(encoded), step.value, step.ttlMs);
      return step.value;
    case "nothing":
      return value;
  }
}

/** Something that is never a record: a swap that expects it returns what is stored, and the time. */
const NO_RECORD = "?";

/** The stored value, and the store's time if it is known. */
const peek = async (
  records: Store,
  key: string,
): Promise<{ readonly value: string | null; readonly now?: number }> =>
  records.swap ? records.swap(key, NO_RECORD, NO_RECORD, 1) : { value: (await records.get(key)) ?? null };

const nonce = (): string => systemClock.random().toString(36).slice(2) || "0";

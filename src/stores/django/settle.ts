import { decodeCircuit, decodeHold, encode } from "../../protocol/codec.js";
import { type CircuitRecord, type HoldRecord, KEPT_MS, OPERATOR_LONGEST_MS } from "../../protocol/record.js";
import { leaseReleased, nextRevision, opened, type Stamp } from "../../protocol/transition.js";
import type { Marker } from "./marker.js";

// This is the only driver code that reads the contents of records. Python reads none of them and has only its marker.
// So the two sides of a circuit have to be compared here, and the older one brought up to date.

/** The writer name in records of what was found in Django's cache. */
export const PYTHON = "Django's cache";
/** A marker with an unknown end counts for this long, in ms; it is read again before that. */
const AT_A_TIME = 60_000;
/** Two ends that differ by at most this, in ms, are the same: Django counts whole seconds. */
const SLACK = 1_000;

/** What is known about one circuit on both sides. */
export interface Sides {
  readonly marker: Marker | null;
  /** The records, as stored. */
  readonly circuit: string | null;
  readonly hold: string | null;
  /** In the clock of the records' store, ms since the epoch. */
  readonly now: number;
}

/** What to do so that both sides say the same. */
export type Step =
  | { readonly do: "nothing" }
  | { readonly do: "mark"; readonly mark: number; readonly ms: number }
  | { readonly do: "clear" }
  | { readonly do: "write"; readonly value: string; readonly ttlMs: number };

const NOTHING: Step = { do: "nothing" };

export function settle({ marker, circuit: raw, hold: held, now }: Sides, nonce: () => string): Step {
  const circuit = raw === null ? undefined : decodeCircuit(raw, now);
  const override = held === null ? undefined : decodeHold(held, now);
  const hold = inForce(override, now);
  const open = openNow(circuit, now);
  const wanted = wantedMark(open, hold, now);
  // A number from far ahead is not a generation: above it there would soon be no number left to write.
  const ours = (marker?.ours ?? 0) > now + OPERATOR_LONGEST_MS ? undefined : marker?.ours;
  const write = (next: (stamp: Stamp) => CircuitRecord): Step => {
    const revision = nextRevision(Math.max(circuit?.revision ?? 0, ours ?? 0), now);
    const record = next({ revision, nonce: nonce(), now, by: PYTHON });
    return { do: "write", value: encode(record), ttlMs: record.duration + KEPT_MS };
  };

  if (marker === null) {
    // What Python opened is open as long as its marker exists. After that, one process may probe.
    if (open?.by === PYTHON) return write((stamp) => leaseReleased(stamp, open, 0));
    return wanted ? { do: "mark", mark: wanted.mark, ms: wanted.ms } : NOTHING;
  }
  const another = ours !== undefined && ours !== wanted?.mark;
  const lives = marker.left ?? (another ? 0 : Number.POSITIVE_INFINITY);
  if (wanted && lives < wanted.least) return { do: "mark", mark: wanted.mark, ms: wanted.ms };
  if (ours !== undefined) {
    if (wanted) return NOTHING;
    // The process that left the marker has moved on, unless the marker is newer than all records: then those were lost.
    if (hold?.state === "closed") return { do: "clear" };
    const newest = Math.max(circuit?.generation ?? 0, override?.revision ?? 0);
    if (open === undefined && ours <= newest) return { do: "clear" };
  }
  const believed = Math.min(marker.left ?? AT_A_TIME, OPERATOR_LONGEST_MS);
  const enough = marker.left === undefined ? believed / 2 : believed - SLACK;
  if (open && open.until - now >= enough) return NOTHING;
  const reason = ours === undefined ? "opened by Python" : "marked as open in Django's cache";
  return write((stamp) =>
    opened(stamp, { duration: Math.ceil(believed), reason, reopens: circuit?.reopens ?? 0 }),
  );
}

/**
 * What Python is told at once about a record just written: only openings and closings. Everything else follows at the
 * next read.
 */
export function announce(kind: "circuit" | "hold", value: string, now: number): Step {
  if (kind === "hold") {
    const hold = decodeHold(value, now);
    if (hold === undefined) return NOTHING;
    const wanted = wantedMark(undefined, inForce(hold, now), now);
    return wanted ? { do: "mark", mark: wanted.mark, ms: wanted.ms } : { do: "clear" };
  }
  const circuit = decodeCircuit(value, now);
  if (circuit?.state === "closed" && circuit.generation === circuit.revision) return { do: "clear" };
  const wanted = wantedMark(openNow(circuit, now), undefined, now);
  return wanted ? { do: "mark", mark: wanted.mark, ms: wanted.ms } : NOTHING;
}

/** Whether an operator holds the circuit, by the hold's record. */
export const holds = (raw: string | null, now: number): boolean =>
  raw !== null && inForce(decodeHold(raw, now), now) !== undefined;

function inForce(hold: HoldRecord | undefined, now: number): HoldRecord | undefined {
  if (hold === undefined || hold.state === "released") return undefined;
  return hold.until === 0 || hold.until > now ? hold : undefined;
}

const openNow = (circuit: CircuitRecord | undefined, now: number): CircuitRecord | undefined =>
  circuit?.state === "open" && circuit.until > now ? circuit : undefined;

/** The marker that Python needs for these records: for `ms`, and written again when less than `least` is left. */
function wantedMark(
  open: CircuitRecord | undefined,
  hold: HoldRecord | undefined,
  now: number,
): { readonly mark: number; readonly ms: number; readonly least: number } | undefined {
  if (hold?.state === "closed") return undefined;
  if (hold?.until === 0) {
    return { mark: hold.revision, ms: OPERATOR_LONGEST_MS, least: OPERATOR_LONGEST_MS / 2 };
  }
  const until = hold?.until ?? (open?.by === PYTHON ? undefined : open?.until);
  if (until === undefined) return undefined;
  return {
    mark: hold?.revision ?? open?.generation ?? 0,
    ms: Math.ceil(until - now),
    least: until - now - SLACK,
  };
}

import { decodeCircuit, decodeHold, encode } from "../../protocol/codec.js";
import { type CircuitRecord, type HoldRecord, KEPT_MS, OPERATOR_LONGEST_MS } from "../../protocol/record.js";
import { leaseReleased, nextRevision, opened, type Stamp } from "../../protocol/transition.js";
import type { Marker } from "./marker.js";

// The one place where a driver knows what records say. Python reads none of them, it has its marker and no more: what
// the two say of a circuit has to be compared here, and what lags behind brought up to the other.

/** Who wrote the record of what was found in Django's cache. */
export const PYTHON = "Django's cache";
/** A marker whose end nobody knows is believed for so long at a time, in ms; it is looked at again before. */
const AT_A_TIME = 60_000;
/** Two ends so many ms apart are the same: Django counts whole seconds. */
const SLACK = 1_000;

/** What is known of one circuit on both sides. */
export interface Sides {
  readonly marker: Marker | null;
  /** The records as they are stored. */
  readonly circuit: string | null;
  readonly hold: string | null;
  /** In the clock of the records' store, ms since the epoch. */
  readonly now: number;
}

/** What has to be done for both sides to say the same. */
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
  // A number from far ahead is nobody's generation: above it there would soon be none left to write.
  const ours = (marker?.ours ?? 0) > now + OPERATOR_LONGEST_MS ? undefined : marker?.ours;
  const write = (next: (stamp: Stamp) => CircuitRecord): Step => {
    const revision = nextRevision(Math.max(circuit?.revision ?? 0, ours ?? 0), now);
    const record = next({ revision, nonce: nonce(), now, by: PYTHON });
    return { do: "write", value: encode(record), ttlMs: record.duration + KEPT_MS };
  };

  if (marker === null) {
    // What Python opened is open as long as its marker is there: after that somebody may probe.
    if (open?.by === PYTHON) return write((stamp) => leaseReleased(stamp, open, 0));
    return wanted ? { do: "mark", mark: wanted.mark, ms: wanted.ms } : NOTHING;
  }
  const another = ours !== undefined && ours !== wanted?.mark;
  const lives = marker.left ?? (another ? 0 : Number.POSITIVE_INFINITY);
  if (wanted && lives < wanted.least) return { do: "mark", mark: wanted.mark, ms: wanted.ms };
  if (ours !== undefined) {
    if (wanted) return NOTHING;
    // The process that left it has moved on since; unless it is newer than all the records there are, which were lost.
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
 * What Python is told at once of a record that was just written: of an opening and of a closing. All else is found
 * at the next look.
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

/** Whether an operator holds the circuit, by the record of that. */
export const holds = (raw: string | null, now: number): boolean =>
  raw !== null && inForce(decodeHold(raw, now), now) !== undefined;

function inForce(hold: HoldRecord | undefined, now: number): HoldRecord | undefined {
  if (hold === undefined || hold.state === "released") return undefined;
  return hold.until === 0 || hold.until > now ? hold : undefined;
}

const openNow = (circuit: CircuitRecord | undefined, now: number): CircuitRecord | undefined =>
  circuit?.state === "open" && circuit.until > now ? circuit : undefined;

/** What Python has to find by the records alone: for `ms`, and for longer again once less than `least` is left. */
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

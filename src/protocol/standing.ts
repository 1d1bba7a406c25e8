import { type CircuitSighting, generationOf, inForce, type Overlay } from "./overlay.js";

/**
 * How a circuit stands in this process. `due`: it was open, or a lease ran out or was given back, and
 * the next call may try to become the probe. `until` is on the local monotonic clock.
 */
export interface Standing {
  readonly state: "closed" | "open" | "half-open" | "due";
  readonly until: number;
}

const CLOSED: Standing = { state: "closed", until: 0 };
const DUE: Standing = { state: "due", until: 0 };

/** The more restrictive of what the fleet's record says and what this process decided alone. */
export function standing(sighting: CircuitSighting | null, overlay: Overlay | null, now: number): Standing {
  const own = overlay !== null && overlay.base === generationOf(sighting) ? overlay : null;
  if (overlay?.state === "open" && now < overlay.until) {
    const fleet = sighting?.record.state === "open" ? sighting.deadline : 0;
    return { state: "open", until: Math.max(overlay.until, fleet) };
  }
  // What this process decided about its own probe, under the record's very generation, supersedes it.
  if (own?.state === "closed") return CLOSED;
  if (own?.state === "half-open") return DUE;
  if (sighting !== null && inForce(sighting, now)) {
    return { state: sighting.record.state === "open" ? "open" : "half-open", until: sighting.deadline };
  }
  const over = sighting !== null && sighting.record.state !== "closed";
  return over || overlay?.state === "open" ? DUE : CLOSED;
}

import type { CircuitRecord, CircuitState, OverrideRecord } from "../protocol/record.js";
import type { Breaker } from "./breaker.js";
import type { Hold } from "./operator-hold.js";

/** Tells whoever listens that the circuit changed its state. */
export function announceState(breaker: Breaker, state: CircuitState, local: boolean): void {
  const type = state === "closed" ? "close" : state;
  const { events, replica, clock } = breaker.fleet;
  if (!events.observed(type)) return;
  const record = breaker.fleet.replica.circuits.get(breaker.key)?.sighting?.record;
  const common = {
    circuit: breaker.name,
    local,
    ...source(breaker, record, local, clock.wall(), replica.identity),
  };
  if (type !== "open") events.emit({ type, ...common });
  else {
    const error = breaker.recovery?.cause === undefined ? {} : { error: breaker.recovery.cause };
    events.emit({ type, ...common, retryAfterMs: breaker.retryAfterMs, ...error });
  }
}

/** Who, why and when: of the fleet's record, or of what this process just decided. */
function source(
  breaker: Breaker,
  record: CircuitRecord | undefined,
  local: boolean,
  now: number,
  identity: string,
): { by: string; reason: string; at: number } {
  const { overlay } = breaker;
  if (!local && record !== undefined) return { by: record.by, reason: record.reason, at: record.at };
  return {
    by: identity,
    reason: overlay !== null && "reason" in overlay ? overlay.reason : (record?.reason ?? ""),
    at: now,
  };
}

export function announceHold(breaker: Breaker, record: OverrideRecord, held: Hold): void {
  const { events, replica } = breaker.fleet;
  if (!events.observed("hold")) return;
  const { by, reason, at, until } = record;
  events.emit({
    type: "hold",
    circuit: breaker.name,
    held,
    by,
    reason,
    at,
    until,
    local: by === replica.identity,
  });
}

export function announceRelease(breaker: Breaker, record: OverrideRecord | undefined): void {
  const { events, replica, clock } = breaker.fleet;
  if (!events.observed("release")) return;
  const ended = record?.state !== "released";
  const { by, reason, at } = record ?? { by: replica.identity, reason: "", at: clock.wall() };
  events.emit({
    type: "release",
    circuit: breaker.name,
    by,
    reason: ended ? "its time was up" : reason,
    at: ended ? clock.wall() : at,
    local: by === replica.identity,
  });
}

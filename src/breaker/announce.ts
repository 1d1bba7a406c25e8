import type { CircuitState } from "../protocol/record.js";
import type { ActiveHold } from "./reducer/state.js";
import type { Shell } from "./shell.js";

/** Tells the listeners that the circuit changed its state. */
export function announceState(breaker: Shell, state: CircuitState, local: boolean): void {
  const type = state === "closed" ? "close" : state;
  const { events, openedBy } = breaker.session;
  const record = breaker.current.record?.record;
  if (state === "open" && !local && record && !record.manual) openedBy(breaker.name, record.by);
  if (!events.observed(type)) return;
  const common = { circuit: breaker.name, local, ...origin(breaker, local) };
  if (type !== "open") events.emit({ type, ...common }, isShadow(breaker));
  else {
    const { cause } = breaker.current;
    const error = cause === undefined ? {} : { error: cause };
    events.emit({ type, ...common, retryAfterMs: breaker.retryAfterMs, ...error }, isShadow(breaker));
  }
}

const isShadow = ({ settings }: Shell): boolean => settings.mode === "shadow";

/** Who, why and when: from the fleet's record, or from the decision this process just made. */
function origin(breaker: Shell, local: boolean): { by: string; reason: string; at: number } {
  const { session, identity } = breaker;
  const { decision } = breaker.current;
  const record = breaker.current.record?.record;
  if (!local && record !== undefined) return { by: record.by, reason: record.reason, at: record.at };
  const reason = "reason" in decision ? decision.reason : (record?.reason ?? "");
  return { by: identity, reason, at: session.clock.wall() };
}

export function announceHold(breaker: Shell, { state: held, record }: ActiveHold): void {
  const { events } = breaker.session;
  if (!events.observed("hold")) return;
  const { by, reason, at, until } = record;
  const local = by === breaker.identity;
  events.emit({ type: "hold", circuit: breaker.name, held, by, reason, at, until, local }, isShadow(breaker));
}

/** A hold was released, or its time is over. */
export function announceRelease(breaker: Shell): void {
  const { events, replica, clock } = breaker.session;
  if (!events.observed("release")) return;
  const record = replica.holds.get(breaker.key)?.cached?.record;
  const { by, reason, at } =
    record?.state === "released"
      ? record
      : { by: record?.by ?? breaker.identity, reason: "its time was up", at: clock.wall() };
  const local = by === breaker.identity;
  events.emit({ type: "release", circuit: breaker.name, by, reason, at, local }, isShadow(breaker));
}

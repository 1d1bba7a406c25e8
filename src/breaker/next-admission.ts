import { admittedShare } from "../policy/ramp.js";
import { Admission, RampAdmission, REJECTING } from "./admission.js";
import { callContexts } from "./call-contexts.js";
import type { State } from "./reducer/state.js";
import type { Shell } from "./shell.js";

/**
 * The admission for calls from now on. All processes ramp up from the same moment, when the circuit closed by the
 * store's clock.
 */
export function nextAdmission(breaker: Shell, { admissionKind, epoch }: State): Admission {
  if (admissionKind === "rejecting") return REJECTING;
  if (admissionKind === "held") return new Admission("held", true, epoch);
  const { settings, session } = breaker;
  if (settings.mode === "throttle") return new Admission("closed", false, epoch);
  // The store's clock may not be known yet, and then it can seem to be behind.
  const sinceMs = Math.max(closedForMs(breaker), 0);
  if (sinceMs >= settings.rampUp) return new Admission("closed", true, epoch);
  return new RampAdmission(session.lookedAt - sinceMs, epoch);
}

/** How long it has been closed, in ms; by the store's clock if the fleet closed it. */
export function closedForMs({ current: { record, decision }, session, counts }: Shell): number {
  if (decision.kind !== "none" || record === undefined) return session.clock.now() - counts.closedAtMs;
  // A record of generation 0 has never been anything but closed.
  if (record.record.generation === 0) return Infinity;
  return session.replica.storeClock.now() - record.record.at;
}

/** Decides at random while the circuit is closed and admits only a share of the calls. */
export function admitShare(breaker: Shell): Admission | undefined {
  const { admission, settings, session } = breaker;
  if (admission.admitsAll) return admission;
  // The call within which it is made was admitted. If each were held back by itself, hardly any would get through.
  if (breaker.counts.innerCallHeldBack && callContexts.contain(breaker, admission.epoch)) return admission;
  const random = session.clock.random();
  if (!(admission instanceof RampAdmission))
    return breaker.traffic.holdsBack(session.lookedAt, random) ? undefined : admission;
  const share = admittedShare(session.lookedAt - admission.closedAtMs, settings.rampUp);
  if (share < 1) return random < share ? admission : undefined;
  breaker.admission = new Admission("closed", true, admission.epoch);
  return breaker.admission;
}

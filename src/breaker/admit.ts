import { admittedShare } from "../policy/ramp.js";
import { Admission, RampAdmission, REJECTING } from "./admission.js";
import type { Shell } from "./shell.js";
import type { State } from "./state.js";

/** What calls are admitted under from now on. Every process ramps up from the one moment of closing, in the store's clock. */
export function makeAdmission(breaker: Shell, { admits, epoch }: State): Admission {
  if (admits === "nothing") return REJECTING;
  if (admits === "held") return new Admission("held", true, epoch);
  const { settings, session } = breaker;
  if (settings.mode === "throttle") return new Admission("closed", false, epoch);
  // The store's clock may not be known yet, and seem to be behind.
  const sinceMs = Math.max(closedForMs(breaker), 0);
  if (sinceMs >= settings.rampUp) return new Admission("closed", true, epoch);
  return new RampAdmission(session.lookedAt - sinceMs, epoch);
}

/** For how long it has been closed, in ms, by the store's clock where the fleet closed it. */
export function closedForMs({ current: { record, decision }, session, closedAtMs }: Shell): number {
  if (decision.kind !== "none" || record === undefined) return session.clock.now() - closedAtMs;
  // A record of generation 0 was never anything but closed.
  if (record.record.generation === 0) return Infinity;
  return session.replica.storeClock.now() - record.record.at;
}

/** While it is closed, and not every call passes: by chance. */
export function admitShare(breaker: Shell): Admission | undefined {
  const { admission, settings, session } = breaker;
  if (admission.admitsAll) return admission;
  const random = session.clock.random();
  if (settings.mode === "throttle")
    return breaker.traffic.holdsBack(session.lookedAt, random) ? undefined : admission;
  const sinceMs =
    admission instanceof RampAdmission ? session.lookedAt - admission.closedAtMs : settings.rampUp;
  const share = admittedShare(sinceMs, settings.rampUp);
  if (share < 1) return random < share ? admission : undefined;
  breaker.admission = new Admission("closed", true, admission.epoch);
  return breaker.admission;
}

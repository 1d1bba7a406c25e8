import { admittedShare } from "../policy/ramp.js";
import { Admission, RampAdmission, REJECTING } from "./admission.js";
import type { Shell } from "./shell.js";
import type { State } from "./state.js";

/** What calls are admitted under from now on. Every process ramps up from the one moment of closing, in the store's clock. */
export function makeAdmission(breaker: Shell, { admits, epoch, record, decision }: State): Admission {
  if (admits === "nothing") return REJECTING;
  if (admits === "held") return new Admission("held", true, epoch);
  const { settings, session, closedAtMs } = breaker;
  if (settings.mode === "throttle") return new Admission("closed", false, epoch);
  const fleet = decision.kind === "none" ? record?.record : undefined;
  const { lookedAt, replica } = session;
  const sinceMs = fleet ? replica.storeClock.now() - fleet.at : lookedAt - closedAtMs;
  // A record of generation 0 was never anything but closed.
  if (sinceMs >= settings.rampUp || fleet?.generation === 0) return new Admission("closed", true, epoch);
  return new RampAdmission(lookedAt - Math.max(sinceMs, 0), epoch);
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

import { announceHold, announceRelease, announceState } from "./announce.js";
import type { Effect } from "./reducer/event.js";
import type { Shell } from "./shell.js";

/** Carries out what the reducer asked for. The breaker already has the new state. */
export function carryOut(breaker: Shell, effect: Effect): void {
  switch (effect.type) {
    case "announce":
      announceState(breaker, effect.state, effect.local);
      break;
    case "announce-hold":
      announceHold(breaker, effect.hold);
      break;
    case "announce-release":
      announceRelease(breaker);
      break;
    case "propose":
      if (effect.delayMs === 0) breaker.flush();
      else breaker.session.clock.after(effect.delayMs, () => breaker.flush());
      break;
    case "ask-for-lease":
      breaker.gate.requestLease(effect.callTimeoutMs);
      break;
  }
}

import type { Ballot } from "../protocol/ballot.js";
import { inForce, type Overlay, proposal, stands, unclosed } from "../protocol/overlay.js";
import { write } from "../sync/writer.js";
import type { Breaker } from "./breaker.js";
import { weigh } from "./doubt.js";

/** Proposes what the breaker decided to the fleet, if that is still to be said and the store can be asked. */
export function propose(breaker: Breaker): void {
  const { fleet, settings } = breaker;
  if (!breaker.pending || fleet.replica.synchroniser.down) return;
  const ballot: Ballot = {
    host: fleet.host,
    owner: fleet.owner,
    quorum: settings.quorum,
    window: settings.window,
  };
  let written: Overlay | null = null;
  write(
    fleet.replica,
    breaker.entry,
    (stamp) => {
      written = breaker.overlay;
      if (written === null) return null;
      return proposal(written, breaker.sighting(), fleet.clock.now(), stamp, ballot);
    },
    (outcome) => {
      const { overlay } = breaker;
      if (outcome === "granted") {
        granted(breaker, written);
        // A call outlived its breaker: the one that came after it learns of it as of another's doing.
        if (breaker.entry.subscriber !== breaker) breaker.entry.subscriber?.changed();
      } else if (outcome === "failed") {
        if (overlay?.state === "open") breaker.overlay = { ...overlay, apart: true };
      } else if (outcome === "moot" && overlay !== null && overlay === written) {
        dropped(breaker, overlay);
      }
    },
  );
}

/** The store took what was proposed: the same decision, now the fleet's, so that nobody's result is voided. */
function granted(breaker: Breaker, written: Overlay | null): void {
  weigh(breaker);
  const { overlay } = breaker;
  const sighting = breaker.sighting();
  // What was written for an opening may have been a vote, beside an opening that is over: it goes on here.
  const open = sighting?.record.state === "open" && inForce(sighting, breaker.fleet.clock.now());
  const fulfilled = overlay === written && (overlay?.state !== "open" || open);
  if (fulfilled) breaker.overlay = null;
  else if (overlay !== null) breaker.overlay = { ...overlay, base: breaker.generation };
  breaker.settle(false);
}

/** There is nothing to write: the fleet has moved on, or never knew. */
function dropped(breaker: Breaker, overlay: Overlay): void {
  const sighting = breaker.sighting();
  const ours =
    stands(overlay, sighting, breaker.fleet.clock.now()) &&
    (overlay.state === "half-open" || (overlay.state === "open" && !unclosed(sighting)));
  if (!ours) breaker.overlay = null;
  breaker.settle(false);
}

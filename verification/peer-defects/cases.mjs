import { comingBack } from "./cases/coming-back.mjs";
import { counting } from "./cases/counting.mjs";
import { fleets } from "./cases/fleet.mjs";
import { lateResults } from "./cases/late-results.mjs";
import { outcomes } from "./cases/outcomes.mjs";
import { probes } from "./cases/probes.mjs";
import { times } from "./cases/time.mjs";

/** The cases, by topic: each says what is expected, why, and where the defect was seen. */
export const CASES = {
  "Late results": lateResults,
  Probes: probes,
  "Coming back": comingBack,
  "What counts": counting,
  "What the caller gets": outcomes,
  "Clocks, timers, the event loop": times,
  "A fleet with a shared store": fleets,
};

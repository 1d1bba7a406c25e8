import { write } from "../sync/writer.js";
import { cachedRecord } from "./cached.js";
import { recordOf } from "./reducer/decision.js";
import { type Decision, NO_DECISION } from "./reducer/state.js";
import type { Shell } from "./shell.js";

/** Proposes the decision of this process to the fleet: one swap, retried with what the store holds by then. */
export function propose(breaker: Shell): void {
  const { entry, key } = breaker;
  const { replica, clock } = breaker.session;
  let written: Decision = NO_DECISION;
  write(
    replica,
    entry,
    (stamp) => {
      written = breaker.current.decision;
      // A write that is under way may have found a newer record.
      breaker.changed();
      return recordOf(breaker.current, clock.now(), stamp, breaker);
    },
    (outcome) => {
      breaker.dispatch({ type: "proposal", record: cachedRecord(replica, key), outcome, written });
      // A call outlived its breaker. The breaker that replaced it receives the change like one of another process.
      entry.subscriber?.changed();
    },
  );
}

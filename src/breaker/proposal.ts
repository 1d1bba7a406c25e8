import { write } from "../sync/writer.js";
import type { Shell } from "./shell.js";
import { type Decision, NO_DECISION } from "./state.js";

/** Proposes the decision of this process to the fleet: one swap, retried with what the store holds by then. */
export function propose(breaker: Shell): void {
  const { session, entry } = breaker;
  let written: Decision = NO_DECISION;
  write(
    session.replica,
    entry,
    (stamp) => {
      written = breaker.decision;
      return breaker.recordOf(stamp);
    },
    (outcome) => {
      breaker.proposalAnswered(outcome, written);
      // A call outlived its breaker. The breaker that replaced it receives the change like one of another process.
      entry.subscriber?.changed();
    },
  );
}

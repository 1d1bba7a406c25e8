import type { AuditEntry } from "../report/audit.js";
import { systemClock } from "../runtime/system-clock.js";
import { withDeadline } from "../sync/with-deadline.js";
import type { ObservedStore } from "./observed-store.js";

/** How long reading the trail may take, in ms. */
const TRAIL_MS = 5_000;

/** Reads the newest entries of a store's audit trail, under a deadline. */
export function readTrail(store: ObservedStore, limit: number): Promise<readonly AuditEntry[]> {
  return new Promise((resolve, reject) => {
    withDeadline(
      systemClock,
      TRAIL_MS,
      () => store.trail(limit),
      (outcome) => {
        if (outcome.ok) resolve(outcome.value);
        else if (outcome.hangs !== true) reject(outcome.error);
        else
          reject(
            new Error(
              `the store did not answer within ${TRAIL_MS} ms: its server hangs, or a firewall drops what is sent to it`,
              { cause: outcome.error },
            ),
          );
      },
    );
  });
}

// A write that failed is tried again, and forgotten once one comes through.
import type { VersionedRecord } from "../protocol/record.js";
import type { Clock } from "../runtime/clock.js";
import type { Entry } from "./entry.js";
import type { Health } from "./health.js";
import { retryDelay } from "./retry.js";

/** What failing takes of the replica. */
export interface FailureHost {
  readonly clock: Clock;
  readonly health: Health;
  readonly synchroniser: { readonly down: boolean };
}

/** Another's write came through: ours that failed long ago say nothing of the next one. */
export function forgiveFailures(
  { health }: Pick<FailureHost, "health">,
  entry: Entry<VersionedRecord>,
): void {
  entry.failures = 0;
  health.unwritten.delete(entry);
}

/** What is still pending is proposed again; while the store is down, when it is up again. */
export function retryLater(host: FailureHost, entry: Entry<VersionedRecord>, share = 1): void {
  const { clock, synchroniser } = host;
  entry.retry?.();
  entry.retry = clock.after(share * retryDelay(entry.timeouts, clock.random()), () => {
    entry.retry = undefined;
    if (!synchroniser.down) entry.subscriber?.flush();
  });
}

/** A write came through: all is well where the store can be read. */
export function recovered({ health, synchroniser }: FailureHost): void {
  if (!synchroniser.down) health.recovered();
}

// A write that failed is tried again. Failures are forgotten once a write succeeds.
import type { VersionedRecord } from "../protocol/record.js";
import type { Clock } from "../runtime/clock.js";
import type { Entry } from "./entry.js";
import type { Health } from "./health.js";
import { retryDelay } from "./retry.js";

/** What this needs from the replica. */
export interface FailureHost {
  readonly clock: Clock;
  readonly health: Health;
  readonly synchroniser: { readonly down: boolean };
}

/** Another process's write succeeded: our old failures say nothing about the next write. */
export function forgiveFailures(
  { health }: Pick<FailureHost, "health">,
  entry: Entry<VersionedRecord>,
): void {
  entry.failures = 0;
  health.unwritten.delete(entry);
}

/** A pending decision is proposed again: soon, or, while the store is down, when it is up again. */
export function retryLater(host: FailureHost, entry: Entry<VersionedRecord>, share = 1): void {
  const { clock, synchroniser } = host;
  entry.retry?.();
  entry.retry = clock.after(share * retryDelay(entry.timeouts, clock.random()), () => {
    entry.retry = undefined;
    if (!synchroniser.down) entry.subscriber?.flush();
  });
}

/** A write succeeded: all is well if the store can be read. */
export function recovered({ health, synchroniser }: FailureHost): void {
  if (!synchroniser.down) health.recovered();
}

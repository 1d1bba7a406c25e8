import type { Clock } from "../clock.js";
import type { Replica } from "../replica/replica.js";
import type { Events } from "../surface/events.js";

/** What the breakers that share a store have in common in this process. */
export interface Fleet {
  readonly replica: Replica;
  readonly clock: Clock;
  readonly events: Events;
  /** Whose leases are this process's: unlike any other's. */
  readonly owner: string;
}

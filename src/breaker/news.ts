import { cachedHold, cachedRecord } from "./cached.js";
import type { Shell } from "./shell.js";

/**
 * Tells the reducer what is new in the replica: the fleet's record, or an operator's hold. `doubts`: asked after the hold,
 * which may have cleared the counts.
 */
export function takeNews(breaker: Shell, doubts: () => boolean): void {
  const { key, session } = breaker;
  const { replica, clock } = session;
  const before = breaker.current.hold;
  const hold = cachedHold(replica, key);
  if (hold?.record !== before?.record || hold?.untilMs !== before?.untilMs)
    breaker.dispatch({ type: "hold", hold });
  const record = cachedRecord(replica, key);
  if (record === breaker.current.record) return;
  const random = replica.store.swap === undefined ? clock.random() : 0;
  const ageMs = replica.storeClock.now() - (record?.record.at ?? 0);
  breaker.dispatch({ type: "record", record, doubts: doubts(), ageMs, random });
}

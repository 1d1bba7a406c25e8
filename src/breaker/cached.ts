import type { Replica } from "../sync/replica.js";
import type { ActiveHold, CachedRecord } from "./reducer/state.js";

/** The circuit's record as the replica has it. */
export function cachedRecord(replica: Replica, key: string): CachedRecord | undefined {
  return replica.circuits.get(key)?.cached ?? undefined;
}

/** The operator's hold as the replica has it, unless it was released. */
export function cachedHold(replica: Replica, key: string): ActiveHold | undefined {
  const cached = replica.holds.get(key)?.cached;
  if (!cached || cached.record.state === "released") return undefined;
  const { record, deadline } = cached;
  return { state: cached.record.state, untilMs: record.until === 0 ? Infinity : deadline, record };
}

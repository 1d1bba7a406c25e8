import type { HoldRecord, VersionedRecord } from "../protocol/record.js";
import { closed, holdWritten, opened, type Stamp } from "../protocol/transition.js";
import type { Entry } from "../sync/entry.js";
import type { Replica } from "../sync/replica.js";
import { type WriteOutcome, write } from "../sync/writer.js";
import type { Breaker } from "./breaker.js";
import { cachedRecord } from "./cached.js";
import type { ActiveHold } from "./reducer/state.js";

/** The result of an operator's verb. */
export interface OperatorResult {
  /** Whether the whole fleet has the change. If not, ask again; a write that is under way may still arrive. */
  readonly stored: boolean;
  /**
   * Set (to false) only if nobody knows the name: it is defined nowhere in this process, and the store has no record of
   * it. It may be misspelt, or the circuit has never opened.
   */
  readonly known?: false;
}

/** How long a verb waits for a write under way, and retries after lost races, before it gives up, in ms. */
const PATIENCE_MS = 5_500;
/** The last attempt may take this much longer, because a verb that was carried out must not be reported as given up. */
const LAST_ATTEMPT_MS = 500;
const PATIENCE_WHILE_DOWN_MS = 1_000;
const LOOK_MS = 10;
/** How long to wait before asking a store again after a failure; doubled up to this limit, so as not to flood it. */
const LONGEST_PAUSE_MS = 250;

/** Opens the circuit, whatever its state: here at once, in the fleet as soon as the store has it. */
export function trip(
  breaker: Breaker,
  duration: number,
  reason: string,
  by?: string,
): Promise<OperatorResult> {
  openNow(breaker, duration, reason);
  return put(
    breaker,
    breaker.entry,
    by,
    (stamp) => opened(stamp, { duration, reason, manual: true }),
    () => operatorWrote(breaker),
  );
}

/** Closes the circuit for the fleet. Nothing changes until the store has it. */
export function reset(breaker: Breaker, reason: string, by?: string): Promise<OperatorResult> {
  return put(
    breaker,
    breaker.entry,
    by,
    (stamp) => closed(stamp, reason),
    () => operatorWrote(breaker),
  );
}

/** This process obeys at once, whatever the store says. */
export function openNow(breaker: Breaker, durationMs: number, reason: string): void {
  const storeDown = breaker.session.replica.synchroniser.down;
  breaker.dispatch({ type: "operator-opens", durationMs, reason, storeDown });
}

/** The store has what an operator wrote. */
const operatorWrote = (breaker: Breaker): void =>
  void breaker.dispatch({
    type: "operator-wrote",
    record: cachedRecord(breaker.session.replica, breaker.key),
  });

/** Holds the circuit in the given state, for `duration` ms or, if that is 0, until it is released. */
export function hold(
  breaker: Breaker,
  held: ActiveHold["state"],
  duration: number,
  reason: string,
  by?: string,
): Promise<OperatorResult> {
  return put(
    breaker,
    holdOf(breaker),
    by,
    (stamp) => holdWritten(stamp, held, { duration, reason }),
    () => breaker.changed(),
  );
}

/** Ends a hold. */
export function release(breaker: Breaker, reason: string, by?: string): Promise<OperatorResult> {
  return put(
    breaker,
    holdOf(breaker),
    by,
    (stamp) => holdWritten(stamp, "released", { duration: 0, reason }),
    () => breaker.changed(),
  );
}

/** The place of a hold in the replica, made when there is one to write. */
const holdOf = ({ session, key }: Breaker): Entry<HoldRecord> => session.replica.hold(key);

/**
 * Writes under the name `by`, or else under the name of this process, until the store has it or the deadline passes.
 * `stored` is called when the store has it, even after the deadline.
 */
async function put<R extends VersionedRecord>(
  breaker: Breaker,
  entry: Entry<R>,
  by: string | undefined,
  decide: (stamp: Stamp) => R,
  stored: () => void,
): Promise<OperatorResult> {
  const signed = (stamp: Stamp): R => decide(by === undefined ? stamp : { ...stamp, by });
  const { replica, clock } = breaker.session;
  replica.synchroniser.start();
  const began = clock.now();
  let over = false;
  const late = new Promise<false>((resolve) => {
    clock.after(PATIENCE_MS, () => {
      over = true;
      clock.after(LAST_ATTEMPT_MS, () => resolve(false));
    });
  });
  const untilStored = async (): Promise<boolean> => {
    let pause = LOOK_MS;
    while (!over) {
      const outcome = await attempt(replica, entry, signed);
      if (outcome === "granted") {
        stored();
        return true;
      }
      if (replica.synchroniser.down && clock.now() - began >= PATIENCE_WHILE_DOWN_MS) return false;
      await new Promise<void>((done) => clock.after(pause, done));
      if (outcome === "failed") pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
    return false;
  };
  entry.operators++;
  const isStored = await Promise.race([untilStored(), late]).finally(() => entry.operators--);
  if (!isStored) replica.synchroniser.doubt();
  return { stored: isStored };
}

const attempt = <R extends VersionedRecord>(
  replica: Replica,
  entry: Entry<R>,
  decide: (stamp: Stamp) => R,
): Promise<WriteOutcome> => new Promise((done) => write(replica, entry, decide, done));

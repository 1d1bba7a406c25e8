import type { VersionedRecord } from "../protocol/record.js";
import { closed, holdWritten, opened, type Stamp } from "../protocol/transition.js";
import type { Entry } from "../sync/entry.js";
import { type WriteOutcome, write } from "../sync/writer.js";
import type { Breaker } from "./breaker.js";
import type { ActiveHold } from "./state.js";

/** Whether the whole fleet has what an operator asked for; where not, it should be asked again. */
export interface OperatorResult {
  readonly stored: boolean;
}

/** How long an operator's verb waits for a write that is under way, and between looks at it. */
const PATIENCE_MS = 1_000;
const LOOK_MS = 10;

/** Opens the circuit, whatever its state: here at once, for the fleet when the store has it. */
export async function trip(breaker: Breaker, duration: number, reason: string): Promise<OperatorResult> {
  breaker.openNow(duration, reason);
  const receipt = await put(breaker, breaker.entry, (stamp) =>
    opened(stamp, { duration, reason, manual: true }),
  );
  if (receipt.stored) breaker.operatorWrote();
  return receipt;
}

/** Closes the circuit for the fleet. Until the store has that nothing changes. */
export async function reset(breaker: Breaker, reason: string): Promise<OperatorResult> {
  const receipt = await put(breaker, breaker.entry, (stamp) => closed(stamp, reason));
  if (receipt.stored) breaker.operatorWrote();
  return receipt;
}

/** Holds the circuit as it is told, for `duration` ms or, when that is 0, until it is released. */
export async function hold(
  breaker: Breaker,
  held: ActiveHold["state"],
  duration: number,
  reason: string,
): Promise<OperatorResult> {
  const receipt = await put(breaker, breaker.holdEntry, (stamp) =>
    holdWritten(stamp, held, { duration, reason }),
  );
  breaker.changed();
  return receipt;
}

/** Ends a hold. */
export async function release(breaker: Breaker): Promise<OperatorResult> {
  const none = { duration: 0, reason: "" };
  const receipt = await put(breaker, breaker.holdEntry, (stamp) => holdWritten(stamp, "released", none));
  breaker.changed();
  return receipt;
}

async function put<R extends VersionedRecord>(
  breaker: Breaker,
  entry: Entry<R>,
  decide: (stamp: Stamp) => R,
): Promise<OperatorResult> {
  const { replica, clock } = breaker.session;
  replica.synchroniser.start();
  const deadline = clock.now() + PATIENCE_MS;
  for (;;) {
    const outcome = await new Promise<WriteOutcome>((done) => write(replica, entry, decide, done));
    if (outcome !== "busy" || clock.now() >= deadline) return { stored: outcome === "granted" };
    await new Promise<void>((done) => clock.after(LOOK_MS, done));
  }
}

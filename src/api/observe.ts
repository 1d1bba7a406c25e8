import { REJECTING } from "../breaker/admission.js";
import type { CallerSignal } from "../call/call-policy.js";
import { Deadline } from "../call/deadline.js";
import { type Circuit, sourceOf } from "./circuit.js";

/**
 * Makes a call whatever the state of the circuit, for example in the middle of a transaction, and counts its outcome
 * while the circuit is closed. For guards of clients.
 */
export function observe<T>(
  circuit: Circuit<unknown>,
  fn: () => Promise<T>,
  caller: CallerSignal,
): Promise<T> {
  const guard = sourceOf(circuit).guard();
  const { breaker, policy } = guard;
  if (policy.enabled !== true && !policy.enabled()) return fn();
  breaker.session.start();
  breaker.session.called(breaker);
  const admission = breaker.admission.kind === "closed" ? breaker.admission : REJECTING;
  return guard.perform(fn, undefined, [], admission, caller, undefined) as Promise<T>;
}

/**
 * Waits for something that this process itself keeps busy, at most as long as a call of the circuit may take. Its
 * outcome never counts as a call. For guards of clients.
 */
export function ownWait<T>(circuit: Circuit<unknown>, work: Promise<T>): Promise<T> {
  const { policy, breaker } = sourceOf(circuit).guard();
  if (policy.callTimeout === 0) return work;
  const deadline = new Deadline(breaker.session.clock, policy.callTimeout, undefined);
  return deadline.watch(work, (ended) => {
    if (ended.how === "value") return ended.value;
    throw ended.error;
  }) as Promise<T>;
}

/** Whether it can reject a call: it is neither switched off nor in shadow mode. For guards of clients. */
export function stopsCalls(circuit: Circuit<unknown>): boolean {
  const { policy, breaker } = sourceOf(circuit).guard();
  return breaker.settings.mode !== "shadow" && (policy.enabled === true || policy.enabled());
}

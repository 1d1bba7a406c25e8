import type { Breaker } from "../breaker/breaker.js";
import { FailfastError, rejectionIn } from "../errors/failfast-error.js";

const settled = Promise.resolve();
/** `Error.stackTraceLimit`, where there is one to be set. */
const limited = Error as { stackTraceLimit?: number | undefined };
let canHideStack = "stackTraceLimit" in Error;

/** The error of a call that is not made. Without a stack it costs a hundredth of what it does with one. */
export function rejectionOf(breaker: Breaker): FailfastError {
  const { settings, session, rejection: fields } = breaker;
  const message = session.rejectionMessage.of(fields);
  if (settings.stackTraces || !canHideStack) return new FailfastError(fields, message);
  const { stackTraceLimit } = limited;
  try {
    limited.stackTraceLimit = undefined;
  } catch {
    // Frozen since: from now on rejections have stacks.
    canHideStack = false;
    return new FailfastError(fields, message);
  }
  const error = new FailfastError(fields, message);
  limited.stackTraceLimit = stackTraceLimit;
  return error;
}

/** It is told to listeners, and thrown at nobody: `mode: "shadow"`. */
export function markShadow(error: FailfastError): void {
  error.shadow = true;
  error.message = `circuit "${error.circuit}" is ${error.state}, in shadow mode: the call was made all the same`;
}

/** Whether what was thrown is the rejection of that circuit itself. */
export const isRejectionOf = (error: unknown, circuit: string): boolean =>
  error instanceof FailfastError && error.circuit === circuit;

/** For how long what is in the way of a call stays there, in ms: another circuit that was open; else 0. */
export function retryAfterMsOf(error: unknown): number {
  const ms = rejectionIn(error)?.retryAfterMs;
  return typeof ms === "number" && ms > 0 ? ms : 0;
}

/**
 * A promise that is rejected a microtask later: by then its caller awaits it, and the runtime is spared the
 * book-keeping for a rejection that nobody handles yet.
 */
export function rejectSoon(error: unknown): Promise<never> {
  return new Promise((_, reject) => {
    void settled.then(() => reject(error));
  });
}

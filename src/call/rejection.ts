import type { Rejections } from "../breaker/rejections.js";
import { FailfastError, rejectionIn } from "../errors/failfast-error.js";

const settled = Promise.resolve();
/** `Error.stackTraceLimit`, if the runtime has one that can be set. */
const limited = Error as { stackTraceLimit?: number | undefined };
let canHideStack = "stackTraceLimit" in Error;

/** The error of a call that is not made. Without a stack it costs a hundredth of what it costs with one. */
export function rejectionOf(said: Rejections, stackTraces: boolean): FailfastError {
  if (stackTraces || !canHideStack) return new FailfastError(said, said.message);
  const { stackTraceLimit } = limited;
  try {
    // No frames. With `undefined` the error would have no `stack`, which some loggers split without a look.
    limited.stackTraceLimit = 0;
  } catch {
    // It was frozen since. From now on rejections have stacks.
    canHideStack = false;
    return new FailfastError(said, said.message);
  }
  const error = new FailfastError(said, said.message);
  limited.stackTraceLimit = stackTraceLimit;
  return error;
}

/** Listeners get it, but it is not thrown: `mode: "shadow"`. */
export function markShadow(error: FailfastError): void {
  error.shadow = true;
  error.message = `circuit "${error.circuit}" is ${error.state}, in shadow mode: the call was made all the same`;
}

/** Whether the thrown error is the rejection of that circuit itself. */
export const isRejectionOf = (error: unknown, circuit: string): boolean =>
  error instanceof FailfastError && error.circuit === circuit;

/** How long a call stays impossible, in ms, because another circuit is open; 0 if that is not the reason. */
export function retryAfterMsOf(error: unknown): number {
  const ms = rejectionIn(error)?.retryAfterMs;
  return typeof ms === "number" && ms > 0 ? ms : 0;
}

/**
 * A promise that is rejected one microtask later. By then the caller awaits it, and the runtime need not keep track of
 * a rejection that nobody handles yet.
 */
export function rejectSoon(error: unknown): Promise<never> {
  let rejectIt: (error: unknown) => void;
  const rejected = new Promise<never>((_, reject) => {
    rejectIt = reject;
  });
  // Outside the function above: that one is new for each call, and V8 does not optimise the read of `then` in it.
  void settled.then(() => rejectIt(error));
  return rejected;
}

// The least that a breaker of any kind can cost, measured beside it in the same run.

/** A promise derived from the call's own: an error must be seen, and stay unhandled if it was. */
export function derived(fn) {
  const rethrow = (error) => {
    throw error;
  };
  return (n) => fn(n).then(undefined, rethrow);
}

const settled = Promise.resolve();

class Rejection extends Error {
  constructor(circuit, retryAfterMs) {
    super();
    this.circuit = circuit;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A new error without a stack, in a promise that is rejected when its caller already waits for it. */
export function rejected() {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = undefined;
  const error = new Rejection("bench", 1_000);
  Error.stackTraceLimit = stackTraceLimit;
  return new Promise((_, reject) => {
    void settled.then(() => reject(error));
  });
}

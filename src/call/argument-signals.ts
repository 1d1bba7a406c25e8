import { type CallerSignal, isTimeout } from "./call-policy.js";

/** Where clients keep their signals: `fetch`, axios and most others, and the AWS and AI SDKs. */
const FIELDS = ["signal", "abortSignal"] as const;

/** Whether an argument is a signal, or may contain one. It runs none of the argument's getters. */
export function mayHoldSignal(arg: unknown): boolean {
  if (arg === null) return false;
  try {
    return "signal" in (arg as object) || "aborted" in (arg as object) || "abortSignal" in (arg as object);
  } catch {
    // It may be a revoked proxy, which only the function has to deal with.
    return false;
  }
}

/** The signals among a call's arguments. They are read only when the call has failed. */
export class ArgumentSignals implements CallerSignal {
  readonly #args: ArrayLike<unknown>;

  constructor(args: ArrayLike<unknown>) {
    this.#args = args;
  }

  get aborted(): boolean {
    return this.#abortedSignal() !== undefined;
  }

  get reason(): unknown {
    return this.#abortedSignal()?.reason;
  }

  /** The signal by which the caller gave up. A signal that timed out does not count. */
  #abortedSignal(): CallerSignal | undefined {
    for (const arg of Array.from(this.#args)) {
      try {
        const found = signalsOf(arg).find((signal) => signal.aborted === true && !isTimeout(signal.reason));
        if (found !== undefined) return found;
      } catch {
        // An argument that can't be read says nothing.
      }
    }
    return undefined;
  }
}

function signalsOf(arg: unknown): CallerSignal[] {
  const holder = arg as Record<string, unknown>;
  return [holder, ...FIELDS.map((field) => holder[field])].filter(isSignal);
}

/** Old polyfills have no `reason`. Other things that can be aborted, such as a request of Node's, are not signals. */
function isSignal(value: unknown): value is CallerSignal {
  if (typeof value !== "object" || value === null || !("aborted" in value)) return false;
  return (
    "reason" in value || typeof (value as { addEventListener?: unknown }).addEventListener === "function"
  );
}

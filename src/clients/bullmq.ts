import { checkFunction } from "../call/wrap.js";
import { rejectionIn } from "../errors/failfast-error.js";
import { checkKnown } from "../options/check-options.js";
import { type Duration, milliseconds } from "../options/duration.js";

/** The options of a guard for jobs. */
export interface BullOptions {
  /**
   * Up to this much is added at random to a job's wait, so that the jobs of one circuit don't all come back at once.
   * Default: 1 s.
   */
  readonly jitter?: Duration;
}

interface Job {
  moveToDelayed(timestamp: number, token?: string): Promise<unknown>;
}

/**
 * A processor for a BullMQ worker. If a job's circuit is open, the job does not fail: it is delayed until the circuit
 * may be called again, and no attempt is used up.
 *
 * ```ts
 * const worker = new Worker("invoices", failfastProcessor(salesApi(async (job) => { … })), { connection });
 * ```
 *
 * It acts on the `FailfastError` that the processor throws, wherever the circuit is in the processor, and however the
 * error is wrapped. A call that was made and failed still fails the job.
 *
 * @throws {TypeError} anything that is not a function.
 * @throws {RangeError} a time out of range.
 */
export function failfastProcessor<A extends readonly unknown[], R>(
  process: (...args: A) => Promise<R>,
  options: BullOptions = {},
): (...args: A) => Promise<R> {
  checkFunction(process);
  checkKnown(options, ["jitter"]);
  const jitter = options.jitter === undefined ? 1_000 : milliseconds("jitter", options.jitter);
  return async (...args) => {
    try {
      return await process(...args);
    } catch (error) {
      const rejection = rejectionIn(error);
      if (rejection === undefined) throw error;
      const [job, token] = args as readonly unknown[] as readonly [Job, string | undefined];
      const wait = Math.max(rejection.retryAfterMs, SHORTEST_MS) + Math.random() * jitter;
      await job.moveToDelayed(Date.now() + wait, token);
      throw new DelayedError(rejection);
    }
  };
}

/** While another call probes, a job does not come back at once. */
const SHORTEST_MS = 100;

/** The error, known to workers by its name, for a job that was moved. */
class DelayedError extends Error {
  override readonly name = "DelayedError";

  constructor(cause: unknown) {
    super("the job waits for a circuit", { cause });
  }
}

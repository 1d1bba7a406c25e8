import { type Failfast, failfast as shared } from "../index.js";
import { formatValue } from "../options/format-value.js";

/**
 * Closes every circuit that a `failfast` has in this process, and releases those that are held. Use it in `afterEach`,
 * so that no test affects another.
 *
 * @param failfast the one to reset. Default: the shared `failfast`.
 * @throws {TypeError} anything else, a circuit say, which has a `reset()` of its own.
 */
export async function resetCircuits(failfast: Pick<Failfast, "circuits"> = shared): Promise<void> {
  if (typeof (failfast as Partial<Failfast> | null)?.circuits !== "function")
    throw new TypeError(
      `resetCircuits takes a failfast, all of whose circuits it closes; this is ${formatValue(failfast)}`,
    );
  for (const circuit of failfast.circuits()) {
    if (circuit.held !== undefined) await circuit.release();
    await circuit.reset();
  }
}

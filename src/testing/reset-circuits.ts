import { type Failfast, failfast as shared } from "../index.js";

/**
 * Closes every circuit that a `failfast` has in this process, and releases those that are held. Use it in `afterEach`,
 * so that no test affects another.
 *
 * @param failfast the one to reset. Default: the shared `failfast`.
 */
export async function resetCircuits(failfast: Pick<Failfast, "circuits"> = shared): Promise<void> {
  for (const circuit of failfast.circuits()) {
    if (circuit.held !== undefined) await circuit.release();
    await circuit.reset();
  }
}

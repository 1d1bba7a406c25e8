import type { Circuit } from "../api/circuit.js";
import { formatValue } from "../options/format-value.js";
import { Following, type PausedWhileOpen } from "./queue-following.js";
import type { Consumer } from "./queue-switch.js";

export type { HoldOptions, PausedWhileOpen } from "./queue-following.js";
export type { Consumer } from "./queue-switch.js";

/**
 * Pauses what takes messages while a circuit is open, so that none is taken in vain, and resumes it as it closes.
 *
 * ```ts
 * const paused = pauseWhileOpen(salesApi, { pause: () => worker.pause(true), resume: () => worker.resume() });
 * ```
 *
 * Who takes no messages makes no calls, and a circuit needs one to close: when the open time is over, a message that is held
 * is handled as the probe, or else the consumer is resumed until the probe is under way. With a check
 * (`recovery: (signal) => …`) it stays paused until that has closed the circuit.
 *
 * @param consumer left out for a loop that goes by `ready()`.
 * @throws {TypeError} what is no circuit, or no consumer.
 */
export function pauseWhileOpen(circuit: Circuit<unknown>, consumer?: Consumer): PausedWhileOpen {
  if (typeof circuit !== "function" || typeof circuit.run !== "function")
    throw new TypeError(`pauseWhileOpen takes a circuit first; this is ${formatValue(circuit)}`);
  const none: Consumer = { pause: () => undefined, resume: () => undefined };
  const { pause, resume } = consumer ?? none;
  if (typeof pause !== "function" || typeof resume !== "function")
    throw new TypeError(
      `pauseWhileOpen takes { pause, resume }, two functions; this is ${formatValue(consumer)}`,
    );
  return new Following(circuit, consumer ?? none);
}

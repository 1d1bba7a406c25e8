import type { Circuit } from "../api/circuit.js";
import { formatValue } from "../options/format-value.js";
import { Following, type PausedWhileOpen } from "./queue-following.js";
import type { Consumer } from "./queue-switch.js";

export type { HoldOptions, PausedWhileOpen } from "./queue-following.js";
export type { Consumer } from "./queue-switch.js";

/**
 * Pauses a consumer of messages while a circuit is open, so that none is taken for nothing, and resumes it when it closes.
 *
 * ```ts
 * const paused = pauseWhileOpen(salesApi, { pause: () => worker.pause(true), resume: () => worker.resume() });
 * ```
 *
 * A paused consumer makes no calls, but a circuit needs a call to close. So when the open time is over, a waiting
 * message is handled as the probe; if there is none, the consumer is resumed until the probe runs. With a check
 * (`recovery: (signal) => …`) it stays paused until the check has closed the circuit.
 *
 * @param consumer leave it out for a loop that uses `ready()`.
 * @throws {TypeError} something that is not a circuit, or not a consumer.
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

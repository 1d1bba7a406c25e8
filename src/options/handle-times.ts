import { type Duration, LONGEST_CALL_SECONDS, milliseconds } from "./duration.js";
import type { HandleOptions } from "./options.js";

/** The milliseconds of an option that may be left out. */
export const millisecondsOr = (
  option: string,
  given: Duration | undefined,
  otherwise: number,
  mostSeconds?: number,
): number => (given === undefined ? otherwise : milliseconds(option, given, mostSeconds));

/** The deadline that a handle of the circuit sets for one call, in ms; 0: none. */
export const callTimeoutMs = ({ callTimeout }: HandleOptions): number =>
  millisecondsOr("callTimeout", callTimeout, 0, LONGEST_CALL_SECONDS);

/** How long a stream of a handle may be silent, in ms; 0: no limit. */
export const idleTimeoutMs = ({ idleTimeout }: HandleOptions): number =>
  millisecondsOr("idleTimeout", idleTimeout, 0);

import { describeRejection, type FailfastErrorFields } from "../errors/failfast-error.js";
import { wholeSeconds } from "../errors/seconds.js";
import type { CircuitCounts } from "./counts.js";
import type { State } from "./reducer/state.js";

/** What the rejections of a circuit say at one moment. */
interface Said extends FailfastErrorFields {
  readonly by: object;
  readonly stateThen: State;
  readonly atMs: number;
  /** Where they are counted. */
  readonly counts: CircuitCounts;
}

/**
 * The same, with the message. A flood of rejections comes from one circuit in one state, and it reads the clock once in
 * some ms: until one of these changes, all rejections share this.
 */
export interface Rejections extends Said {
  readonly seconds: number;
  readonly message: string;
}

/** The message shows whole seconds. If the latest message says the same, it is the same string. */
export function describeRejections(said: Said, latest: Rejections | undefined): Rejections {
  const seconds = wholeSeconds(said.retryAfterMs);
  const isSame =
    seconds === latest?.seconds &&
    said.circuit === latest.circuit &&
    said.state === latest.state &&
    said.held === latest.held;
  return { ...said, seconds, message: isSame ? latest.message : describeRejection(said, seconds) };
}

import type { Effect, Event, Verdict } from "./event.js";
import type { State } from "./state.js";

/** The event of one type. */
export type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

/** What follows from an event: the new state, what the shell has to do, and for a call what it meets. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
  readonly verdict?: Verdict;
}

const NOTHING: readonly Effect[] = [];
export const PROPOSE: Effect = { type: "propose", delayMs: 0 };

export const stay = (state: State): Step => ({ state, effects: NOTHING });
export const answer = (state: State, verdict: Verdict): Step => ({ state, effects: NOTHING, verdict });
/** Results of calls that were admitted before are void from now on. */
export const newEpoch = (state: State): State => ({ ...state, epoch: state.epoch + 1 });

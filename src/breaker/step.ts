import type { Effect, Event, Verdict } from "./event.js";
import type { State } from "./state.js";

/** The event of one type. */
export type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

/** What follows from an event: the new state, the effects, and, for a call, the verdict. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
  readonly verdict?: Verdict;
}

const NOTHING: readonly Effect[] = [];
export const PROPOSE: Effect = { type: "propose", delayMs: 0 };

export const stay = (state: State): Step => ({ state, effects: NOTHING });
export const answer = (state: State, verdict: Verdict): Step => ({ state, effects: NOTHING, verdict });
/** From now on, results of calls that were admitted earlier are void. */
export const newEpoch = (state: State): State => ({ ...state, epoch: state.epoch + 1 });

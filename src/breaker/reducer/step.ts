import type { CallAnswer, Effect, Event } from "./event.js";
import type { State } from "./state.js";

/** The event of one type. */
export type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

/** What follows from an event: the new state, the effects, and, for a call, the answer. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
  readonly answer?: CallAnswer;
}

const NOTHING: readonly Effect[] = [];
export const PROPOSE: Effect = { type: "propose", delayMs: 0 };

export const stay = (state: State): Step => ({ state, effects: NOTHING });
export const answer = (state: State, toCall: CallAnswer): Step => ({
  state,
  effects: NOTHING,
  answer: toCall,
});
/** From now on, results of calls that were admitted earlier are void. */
export const newEpoch = (state: State): State => ({ ...state, epoch: state.epoch + 1 });

import type { FailfastError } from "../errors/failfast-error.js";

/** What the model is told while a circuit is open: the default text, or the user's own. */
export type TellModel = (error: FailfastError, tool: string) => string;

/**
 * Says what happened, when the tool may be called again, and what to do until then. A model repeats a call if it only
 * hears of a failure.
 */
export const tellModel: TellModel = ({ retryAfter }, tool) =>
  `The tool "${tool}" is unavailable and was not called: retry in ${retryAfter} s, not before. Until then go on without it.`;

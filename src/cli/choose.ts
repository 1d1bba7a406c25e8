import { shownName } from "../fleet/cut-name.js";
import type { CircuitOfFleet } from "../fleet/view.js";
import { closest } from "../options/closest.js";
import { CommandError, EXIT } from "./errors.js";
import { plain } from "./plain-text.js";

/** The circuits that the given words select: whole names, or patterns with `*` and `?`. */
export function matching(words: readonly string[], circuits: readonly CircuitOfFleet[]): CircuitOfFleet[] {
  const patterns = words.map(patternOf);
  return circuits.filter(({ name }) => patterns.some((matches) => matches(name)));
}

export const isPattern = (word: string): boolean => /[*?]/.test(word);

/** What to search for if somebody gives a name that is too long for a key, and is therefore shown cut. */
export const shownWord = (word: string): string => (isPattern(word) ? word : shownName(word));

function patternOf(word: string): (name: string) => boolean {
  if (!isPattern(word)) return (name) => name === word;
  const escaped = word
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, "[^]*?")
    .replace(/\?/g, "[^]");
  const pattern = new RegExp(`^${escaped}$`, "u");
  return (name) => pattern.test(name);
}

/** @throws {CommandError} unknown names, with similar ones. */
export function refuseUnknown(
  words: readonly string[],
  circuits: readonly CircuitOfFleet[],
  mend: string,
): void {
  for (const word of words) {
    if (matching([word], circuits).length > 0) continue;
    const shown = JSON.stringify(plain(word));
    if (isPattern(word))
      throw new CommandError(`no circuit matches ${shown}. List them with failfast status`, EXIT.unknown);
    const alike = closest(
      word,
      circuits.map(({ name }) => name),
    );
    const meant =
      alike === undefined
        ? "list the circuits with failfast status"
        : `did you mean ${JSON.stringify(plain(alike))}?`;
    throw new CommandError(
      `there is no circuit ${shown}: no process reports it, and the store has no record of it; ${meant}${mend && `${alike === undefined ? "." : ""} ${mend}`}`,
      EXIT.unknown,
    );
  }
}

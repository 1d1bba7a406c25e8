import { shownName } from "../fleet/cut-name.js";
import type { CircuitOfFleet } from "../fleet/view.js";
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

/** The most similar of the names, if one is similar enough. */
export function closest(word: string, names: readonly string[]): string | undefined {
  let found: string | undefined;
  let least = Math.max(2, Math.ceil(word.length / 3));
  for (const name of names.slice(0, 5_000)) {
    if (Math.abs(name.length - word.length) > least || name.length > 100) continue;
    const edits = distance(word, name);
    if (edits <= least && (found === undefined || edits < least)) {
      found = name;
      least = edits;
    }
  }
  return found;
}

/** How many characters have to be inserted, removed or replaced. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next[j] = Math.min(
        (next[j - 1] ?? 0) + 1,
        (row[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}

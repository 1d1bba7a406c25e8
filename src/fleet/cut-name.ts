import { decodeName, encodeName } from "../protocol/key.js";

/** A name as the fleet shows it: one that is too long for a key is cut there. */
export const shownName = (name: string): string => decodeName(encodeName(name));

/**
 * Whether a name is what is shown of a longer one, which the store can't tell any more: 90 characters of it as they are
 * encoded, an ellipsis, and 8 digits. An operator's verb would reach another circuit by it.
 */
export function isCut(name: string): boolean {
  const [, kept] = /^(.+)\u2026[0-9a-f]{8}$/s.exec(name) ?? [];
  if (kept === undefined) return false;
  const { length } = encodeName(kept);
  return length > 80 && length <= 90;
}

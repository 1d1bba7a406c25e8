import { decodeName } from "../protocol/decode-name.js";
import { encodeName } from "../protocol/key.js";

/** A name as the fleet shows it. A name too long for a key is shown cut. */
export const shownName = (name: string): string => decodeName(encodeName(name));

/**
 * Whether a name is the cut form of a longer one, which the store no longer has: 90 characters of its encoded form, an
 * ellipsis, and 8 digits. With this name an operator's verb would reach another circuit.
 */
export function isCut(name: string): boolean {
  const [, kept] = /^(.+)\u2026[0-9a-f]{8}$/s.exec(name) ?? [];
  if (kept === undefined) return false;
  const { length } = encodeName(kept);
  return length > 80 && length <= 90;
}

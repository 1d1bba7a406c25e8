import { sha256 } from "../../protocol/sha256.js";

/** Longer texts are cut, and a hash of the whole keeps them distinct: a file's name has at most 255 bytes. */
const LONGEST = 200;
const KEPT = 100;

/**
 * A text as one segment of an unstorage key: `a-z`, `0-9` and `-` stay as they are; everything else becomes `_` and the
 * hex digits of its UTF-16 unit. unstorage merges separators and cuts queries off, and a driver may keep each key in a
 * file whose name ignores upper and lower case.
 */
export function spell(text: string): string {
  const spelled = text.replace(/[^a-z0-9-]/g, (sign) => {
    const unit = sign.charCodeAt(0);
    return unit < 0x100
      ? `_${unit.toString(16).padStart(2, "0")}`
      : `_u${unit.toString(16).padStart(4, "0")}`;
  });
  return spelled.length <= LONGEST ? spelled : `${spelled.slice(0, KEPT)}_x${sha256(spelled)}`;
}

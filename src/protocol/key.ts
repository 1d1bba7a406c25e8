import { sha256 } from "./sha256.js";

/** Longer encoded names are cut, and a hash of the whole name keeps them distinct. */
const LONGEST = 160;
const KEPT = 90;

/**
 * A circuit's name as a part of a store's key: any string, never interpreted.
 *
 * Injective, and made only of `A-Z a-z 0-9 _ . - % ~`: no separator, brace, glob sign or line break of a
 * name reaches a store. Everything else is percent-encoded as UTF-8, a lone surrogate as `%uD800`.
 */
export function encodeName(name: string): string {
  if (name === "") return "%";
  const encoded = /[^A-Za-z0-9_.-]/.test(name)
    ? name.replace(/[\ud800-\udbff][\udc00-\udfff]|[^A-Za-z0-9_.-]/g, encodeCharacter)
    : name;
  return encoded.length <= LONGEST ? encoded : `${encoded.slice(0, KEPT)}~${sha256(encoded)}`;
}

function encodeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x80) return `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
  if (character.length === 1 && code >= 0xd800 && code <= 0xdfff)
    return `%u${code.toString(16).toUpperCase()}`;
  return encodeURIComponent(character);
}

/** The name behind an encoded one. If that was cut: its beginning, an ellipsis and 8 digits of its hash. */
export function decodeName(encoded: string): string {
  if (encoded === "%") return "";
  const [kept = "", hash] = encoded.split("~");
  const whole = hash === undefined ? kept : kept.replace(/%(?:u[\dA-F]{0,3}|[\dA-F]?)$/, "");
  const name = whole.replace(/%u([\dA-F]{4})|(?:%[\dA-F]{2})+/g, (escaped, unit: string | undefined) =>
    unit === undefined ? decodeBytes(escaped) : String.fromCharCode(Number.parseInt(unit, 16)),
  );
  return hash === undefined ? name : `${name}\u2026${hash.slice(0, 8)}`;
}

/** Percent-encoded UTF-8; the last character may have been cut. */
function decodeBytes(escaped: string): string {
  for (let end = escaped.length; end > 0; end -= 3) {
    try {
      return decodeURIComponent(escaped.slice(0, end));
    } catch {
      // The cut left an incomplete character: use one byte less.
    }
  }
  return "";
}

export const CIRCUIT = "circuit:";
export const HOLD = "hold:";

/** The key of a circuit's record in the store. */
export const circuitKey = (encodedName: string): string => CIRCUIT + encodedName;
/** The key of an operator's hold in the store. */
export const holdKey = (encodedName: string): string => HOLD + encodedName;

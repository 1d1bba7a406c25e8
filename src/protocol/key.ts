import { sha256 } from "./sha256.js";

/** Longer encoded names are cut, and a hash of the whole name keeps them distinct. */
const LONGEST = 160;
const KEPT = 90;

/** The latest names that were cut: a hash costs more than a call, and a long name is often one of a few URLs. */
const cut = new Map<string, string>();
const MOST_CUT = 256;

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
  return encoded.length <= LONGEST ? encoded : shortened(encoded);
}

function shortened(encoded: string): string {
  let short = cut.get(encoded);
  if (short === undefined) {
    short = `${encoded.slice(0, KEPT)}~${sha256(encoded)}`;
    if (cut.size === MOST_CUT) cut.clear();
    cut.set(encoded, short);
  }
  return short;
}

function encodeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x80) return `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
  if (character.length === 1 && code >= 0xd800 && code <= 0xdfff)
    return `%u${code.toString(16).toUpperCase()}`;
  return encodeURIComponent(character);
}

const CIRCUIT = "circuit:";
const HOLD = "hold:";

/** The key of a circuit's record in the store. */
export const circuitKey = (encodedName: string): string => CIRCUIT + encodedName;
/** The key of an operator's hold in the store. */
export const holdKey = (encodedName: string): string => HOLD + encodedName;

/** What a store's key belongs to: a circuit's record or a hold, and the name in the form that keys use. */
export interface Subject {
  readonly kind: "circuit" | "hold";
  readonly encoded: string;
}

/** `undefined`: it is the key of something else. */
export function subjectOf(key: string): Subject | undefined {
  if (key.startsWith(CIRCUIT)) return { kind: "circuit", encoded: key.slice(CIRCUIT.length) };
  return key.startsWith(HOLD) ? { kind: "hold", encoded: key.slice(HOLD.length) } : undefined;
}

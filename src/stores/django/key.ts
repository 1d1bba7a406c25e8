import { CIRCUIT, HOLD } from "../../protocol/key.js";

/** Which circuit a store's key belongs to. */
export interface Subject {
  readonly kind: "circuit" | "hold";
  /** The name in the form that the store's keys use. */
  readonly encoded: string;
}

export function subjectOf(key: string): Subject | undefined {
  if (key.startsWith(CIRCUIT)) return { kind: "circuit", encoded: key.slice(CIRCUIT.length) };
  return key.startsWith(HOLD) ? { kind: "hold", encoded: key.slice(HOLD.length) } : undefined;
}

/**
 * A circuit's name as given, and as Python has it. `undefined` if it can't be recovered: a long name was cut, and half
 * a surrogate pair is not a text in Python.
 */
export function decodeName(encoded: string): string | undefined {
  if (encoded === "%") return "";
  if (encoded.includes("~")) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

import { CIRCUIT, HOLD } from "../../protocol/key.js";

/** Which key of a store's belongs to which circuit. */
export interface Subject {
  readonly kind: "circuit" | "hold";
  /** The name as the store's keys have it. */
  readonly encoded: string;
}

export function subjectOf(key: string): Subject | undefined {
  if (key.startsWith(CIRCUIT)) return { kind: "circuit", encoded: key.slice(CIRCUIT.length) };
  return key.startsWith(HOLD) ? { kind: "hold", encoded: key.slice(HOLD.length) } : undefined;
}

/**
 * A circuit's name as it was given, and as Python has it. `undefined` where it can't be had any more: a long one
 * was cut, and half a surrogate pair is no text in Python.
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

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

/**
 * A circuit's name as Python has it, which is the name as given. `undefined` if there is none: a long name was cut, and half
 * a surrogate pair is not a text in Python.
 */
export function pythonName(encoded: string): string | undefined {
  if (encoded === "%") return "";
  if (encoded.includes("~")) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

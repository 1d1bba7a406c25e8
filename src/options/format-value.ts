/** Formats a value for an error message. An object is described only by its kind. */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") {
    const kind = isClass(value) ? "class" : "function";
    return value.name === "" ? `a ${kind}` : `the ${kind} ${value.name}`;
  }
  if (typeof value !== "object" || value === null) return String(value);
  const kind = kindOf(value);
  if (kind === "Date") return Number.isNaN(Number(value)) ? "an invalid Date" : JSON.stringify(value);
  if (kind === "Array") return "an array";
  const word = /^(Object|Error)$/.test(kind) ? kind.toLowerCase() : kind;
  return `${/^[aeio]/i.test(word) ? "an" : "a"} ${word}`;
}

/** Whether it can only be called with `new`, as far as its source says. */
export const isClass = (value: unknown): boolean =>
  typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));

/** As the language has it: `"Object"`, `"Array"`, `"Map"`, `"Promise"`, … */
export const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

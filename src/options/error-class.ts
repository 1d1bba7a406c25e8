import { isClass } from "./format-value.js";

/** The language's own classes of errors. Each realm has its own: a `vm` context, a frame, a sandbox of Jest. */
const OF_THE_LANGUAGE = /^((Type|Range|Syntax|Reference|Eval|URI|Aggregate|Suppressed)?Error|DOMException)$/;

/** The name of a class that the language has in every realm; `undefined` for any other value. */
function languageName(value: unknown): string | undefined {
  if (typeof value !== "function" || !OF_THE_LANGUAGE.test(value.name)) return undefined;
  const isNative = /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(value));
  // In Node.js it is a class like any other.
  return isNative || (value.name === "DOMException" && isClass(value)) ? value.name : undefined;
}

/** Whether an error inherits from a class with that name, in whichever realm it was made. */
function inherits(error: unknown, name: string): boolean {
  if (typeof error !== "object" || error === null) return false;
  let prototype: unknown = Object.getPrototypeOf(error);
  for (; prototype !== null; prototype = Object.getPrototypeOf(prototype))
    if (languageName((prototype as object).constructor) === name) return true;
  return false;
}

/** As `error instanceof errorClass`, and the language's own classes match in all realms. */
export function isInstance(error: unknown, errorClass: unknown): boolean {
  if (error instanceof (errorClass as never)) return true;
  const name = languageName(errorClass);
  return name !== undefined && inherits(error, name);
}

/** Whether it is a class, of errors or of anything else, and not a function that is called. */
export function isErrorClass(value: unknown): boolean {
  const { prototype } = value as { prototype?: unknown };
  return languageName(value) !== undefined || isInstance(prototype, Error) || isClass(value);
}

/**
 * Refuses unknown options: a misspelt `prefix` would silently join another fleet.
 *
 * @throws {TypeError} options that are not an object, and an unknown option; the message lists the known ones.
 */
export function checkOptions(store: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError(
      `the options of ${store}() are an object, as { ${known[0]}: … }, got ${options === null ? "null" : typeof options}`,
    );
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new TypeError(`${store}() has no option ${JSON.stringify(name)}; it takes ${known.join(", ")}`);
}

/** The prefix of a store's keys. It names the fleet. */
export function checkPrefix(store: string, prefix: unknown = "failfast"): string {
  return checkText(store, "prefix", prefix);
}

/** @throws {TypeError} anything but a text of at least one character. */
export function checkText(store: string, name: string, text: unknown): string {
  if (typeof text === "string" && text !== "") return text;
  throw new TypeError(
    `the ${name} of ${store}() must be a text of at least one character, got ${text === "" ? '""' : typeof text}`,
  );
}

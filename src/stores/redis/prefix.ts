/** The prefix of a store's keys, which must be a text of at least one character. */
export function checkPrefix(store: string, prefix: unknown = "failfast"): string {
  if (typeof prefix === "string" && prefix !== "") return prefix;
  throw new TypeError(
    `the prefix of ${store}() must be a text of at least one character, got ${prefix === "" ? '""' : typeof prefix}`,
  );
}

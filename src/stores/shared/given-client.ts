/** Whether the client has these methods, so that it can be used as a `T`. */
export function hasMethods<T extends object>(
  client: unknown,
  names: readonly (keyof T & string)[],
): client is T {
  if (typeof client !== "object" || client === null) return false;
  return names.every((name) => typeof (client as Record<string, unknown>)[name] === "function");
}

/**
 * What was given in place of a client, for an error message. Only its kind, since a URL contains a password.
 *
 * @param kindOf describes an object that is not a promise.
 */
export function describeClient(
  client: unknown,
  kindOf: (client: Readonly<Record<string, unknown>>) => string,
): string {
  if (client === null) return "null";
  if (typeof client !== "object") return typeof client;
  const found = client as Record<string, unknown>;
  return typeof found["then"] === "function" ? "a promise (await it first)" : kindOf(found);
}

/** What `storeFrom()` was given says of no store: it is missing, unreadable, or of a kind that it doesn't know. */
export class StoreUrlError extends Error {
  override readonly name = "StoreUrlError";
  readonly code = "ERR_FAILFAST_STORE_URL";
}

/** The client that the URL asks for isn't installed: the message has the line that does it. */
export class MissingPackageError extends Error {
  override readonly name = "MissingPackageError";
  readonly code = "ERR_FAILFAST_MISSING_PACKAGE";
  /** What would do: each entry by itself, the first being the one advised. */
  readonly packages: readonly string[];

  constructor(scheme: string, packages: readonly string[]) {
    const [first = "", ...others] = packages;
    const or = others.length > 0 ? ` (or ${others.join(", or ")})` : "";
    super(`a store at ${scheme} needs a client that is not installed: npm install ${first}${or}`);
    this.packages = packages;
  }
}

/** What a client's error says and no more: it may have what was sent, and a server's message may repeat it. */
export function withoutSecrets(error: unknown, secrets: readonly (string | undefined)[]): Error {
  const { message, code } = Object(error) as { message?: unknown; code?: unknown };
  let text = String(message || code);
  for (const secret of secrets) if (secret) text = text.replaceAll(secret, "\u2026");
  return new Error(text);
}

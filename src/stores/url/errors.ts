/** The argument of `storeFrom()` is missing, unreadable, or has an unknown scheme. */
export class StoreUrlError extends Error {
  override readonly name = "StoreUrlError";
  readonly code = "ERR_FAILFAST_STORE_URL";
}

/** The client that the URL needs isn't installed. The message contains the command that installs it. */
export class MissingPackageError extends Error {
  override readonly name = "MissingPackageError";
  readonly code = "ERR_FAILFAST_MISSING_PACKAGE";
  /** Packages that would do, each sufficient by itself; the first one is recommended. */
  readonly packages: readonly string[];

  constructor(scheme: string, packages: readonly string[]) {
    const [first = "", ...others] = packages;
    const or = others.length > 0 ? ` (or ${others.join(", or ")})` : "";
    super(`a store at ${scheme} needs a client that is not installed: npm install ${first}${or}`);
    this.packages = packages;
  }
}

/** Only the message of a client's error: its other fields may contain what was sent. */
export function withoutSecrets(error: unknown, secrets: readonly (string | undefined)[]): Error {
  const { message, code } = Object(error) as { message?: unknown; code?: unknown };
  let text = String(message || code);
  for (const secret of secrets) if (secret) text = text.replaceAll(secret, "\u2026");
  return new Error(text);
}

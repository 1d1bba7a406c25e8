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

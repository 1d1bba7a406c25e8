/** The part of an entry that the store uses. */
export interface DenoKvEntry {
  readonly key: readonly unknown[];
  readonly value: unknown;
  readonly versionstamp: string | null;
}

/** The part of an atomic operation that the store uses. */
export interface DenoKvAtomic {
  check(check: { readonly key: readonly string[]; readonly versionstamp: string | null }): DenoKvAtomic;
  set(key: readonly string[], value: unknown, options?: { readonly expireIn?: number }): DenoKvAtomic;
  commit(): Promise<{ readonly ok: boolean }>;
}

/** The part of the stream of changes that the store uses. */
export interface DenoKvChanges {
  getReader(): {
    read(): Promise<{ readonly done: boolean }>;
    cancel(): Promise<unknown>;
  };
}

/** The part of a `Deno.Kv` that the store uses. */
export interface DenoKv {
  get(key: readonly string[]): Promise<DenoKvEntry>;
  delete(key: readonly string[]): Promise<unknown>;
  list(selector: { readonly prefix: readonly string[] }): AsyncIterable<DenoKvEntry>;
  atomic(): DenoKvAtomic;
  watch(keys: never): DenoKvChanges;
}

/** @throws {TypeError} anything but a `Deno.Kv`. */
export function checkDatabase(kv: unknown): asserts kv is DenoKv {
  const verbs = Object(kv) as Record<string, unknown>;
  if (["get", "delete", "list", "atomic", "watch"].every((verb) => typeof verbs[verb] === "function")) return;
  throw new TypeError(
    "denoKvStore() takes a Deno.Kv: denoKvStore(await Deno.openKv()); in Deno 2 it is there with --unstable-kv",
  );
}

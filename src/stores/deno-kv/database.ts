/** What the store uses of an entry. */
export interface DenoKvEntry {
  readonly key: readonly unknown[];
  readonly value: unknown;
  readonly versionstamp: string | null;
}

/** What the store uses of an atomic operation. */
export interface DenoKvAtomic {
  check(check: { readonly key: readonly string[]; readonly versionstamp: string | null }): DenoKvAtomic;
  set(key: readonly string[], value: unknown, options?: { readonly expireIn?: number }): DenoKvAtomic;
  commit(): Promise<{ readonly ok: boolean }>;
}

/** What the store uses of the stream of changes. */
export interface DenoKvChanges {
  getReader(): {
    read(): Promise<{ readonly done: boolean }>;
    cancel(): Promise<unknown>;
  };
}

/** What the store uses of a `Deno.Kv`. */
export interface DenoKv {
  get(key: readonly string[]): Promise<DenoKvEntry>;
  delete(key: readonly string[]): Promise<unknown>;
  list(selector: { readonly prefix: readonly string[] }): AsyncIterable<DenoKvEntry>;
  atomic(): DenoKvAtomic;
  watch(keys: never): DenoKvChanges;
}

/** @throws {TypeError} what is no `Deno.Kv`. */
export function checkDatabase(kv: unknown): asserts kv is DenoKv {
  const verbs = Object(kv) as Record<string, unknown>;
  if (["get", "delete", "list", "atomic", "watch"].every((verb) => typeof verbs[verb] === "function")) return;
  throw new TypeError(
    "denoKvStore() takes a Deno.Kv: denoKvStore(await Deno.openKv()); in Deno 2 it is there with --unstable-kv",
  );
}

import type { Store, StoreEntry, StoreListing } from "../options/store.js";
import { checkDatabase, type DenoKv, type DenoKvEntry } from "./deno-kv/database.js";
import { watchChanges } from "./deno-kv/watch.js";
import { againWhere } from "./shared/again.js";
import { seal, unseal } from "./shared/envelope.js";
import { checkOptions, checkPrefix } from "./shared/options.js";
import { safeWatcher } from "./shared/watcher.js";

export type { DenoKv, DenoKvAtomic, DenoKvChanges, DenoKvEntry } from "./deno-kv/database.js";

/** The options of `denoKvStore`. */
export interface DenoKvStoreOptions {
  /**
   * Names the fleet: processes that use the same prefix in one database share their circuits. Default: `"failfast"`.
   */
  readonly prefix?: string;
  /**
   * Changes are pushed, through the database's `watch`. In Deno a watch keeps the process alive until
   * `failfast.close()`.
   *
   * @default false: it is polled, once a second
   */
  readonly push?: boolean;
}

/** Another writer came first: for this value, or for the file of a local database, which has one writer at a time. */
const CHANGED = "the record changes all the time";
const inTheWay = (error: unknown): boolean =>
  error instanceof Error && (error.message === CHANGED || /database is locked/.test(error.message));

const patiently = <T>(run: () => Promise<T>): Promise<T> => againWhere(inTheWay, run, PAUSE_MS);
/** A local file is locked for whole milliseconds. */
const PAUSE_MS = 10;

/** Before every change. */
const NEVER = "0".repeat(20);

/**
 * A store in Deno KV, with all methods, or all except `watch` without `push`. A swap is one atomic check and write.
 * Every value contains its own deadline, judged by this process's clock, since Deno KV keeps expired values for a
 * while. A value may have up to 64 KiB.
 *
 * @example
 * const salesApi = failfast("sales_api", 60, { store: denoKvStore(await Deno.openKv()) });
 *
 * @throws {TypeError} anything but a `Deno.Kv`, an unknown option, or a prefix that isn't a text of at least one
 * character.
 */
export function denoKvStore(kv: DenoKv, options: DenoKvStoreOptions = {}): Store {
  checkDatabase(kv);
  checkOptions("denoKvStore", options, ["prefix", "push"]);
  const prefix = checkPrefix("denoKvStore", options.prefix);
  const keyOf = (key: string): string[] => [prefix, "records", key];
  /** Written with every change: its versionstamp is that of the last change. */
  const changed = [prefix, "changed"];
  const textOf = ({ value }: DenoKvEntry): string | null => unseal(value, Date.now());

  const writing = (key: string, value: string, ttlMs: number) => {
    const expireIn = Math.max(1, Math.ceil(ttlMs));
    return kv
      .atomic()
      .set(keyOf(key), seal(value, Date.now() + ttlMs), { expireIn })
      .set(changed, key);
  };

  async function list(start: string, since?: string): Promise<Required<Omit<StoreListing, "now">>> {
    const cursor = (await kv.get(changed)).versionstamp ?? NEVER;
    const complete = !(since !== undefined && since.length === NEVER.length && since <= cursor);
    const entries: StoreEntry[] = [];
    if (since === cursor) return { entries, cursor, complete };
    for await (const entry of kv.list({ prefix: [prefix, "records"] })) {
      const key = String(entry.key[2]);
      const value = textOf(entry);
      const isNew = complete || String(entry.versionstamp) > since;
      if (isNew && value !== null && key.startsWith(start)) entries.push({ key, value });
    }
    return { entries, cursor, complete };
  }

  return {
    get: async (key) => textOf(await kv.get(keyOf(key))),
    set: (key, value, ttlMs) => patiently(() => writing(key, value, ttlMs).commit()),
    delete: (key) => patiently(() => kv.delete(keyOf(key))),
    swap: (key, expect, value, ttlMs) =>
      patiently(async () => {
        const found = await kv.get(keyOf(key));
        const stored = textOf(found);
        if (stored !== expect) return { ok: false, value: stored };
        const check = { key: keyOf(key), versionstamp: found.versionstamp };
        const { ok } = await writing(key, value, ttlMs).check(check).commit();
        if (!ok) throw new Error(CHANGED);
        return { ok, value };
      }),
    list,
    ...(options.push === true
      ? { watch: (start, on) => watchChanges(kv, changed, list, safeWatcher(start, on)) }
      : {}),
    sibling: (name) => denoKvStore(kv, { ...options, prefix: `${prefix}:@${name}` }),
  };
}

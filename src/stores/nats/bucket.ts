/** The content of a bucket's entry. */
export interface NatsEntry {
  readonly key: string;
  readonly operation: "PUT" | "DEL" | "PURGE";
  readonly revision: number;
  string(): string;
}

/** Entries as they arrive. */
export interface NatsEntries extends AsyncIterable<NatsEntry> {
  stop(): void;
  /** Their consumer on the server, which the client's types don't mention. */
  readonly _data?: {
    delete?(): Promise<unknown>;
    info?(cached: boolean): Promise<{ readonly num_pending: number }>;
  };
}

/** The part of a bucket of `@nats-io/kv` that is used. */
export interface NatsKv {
  get(key: string): Promise<NatsEntry | null>;
  put(key: string, value: string, options?: { previousSeq: number }): Promise<number>;
  delete(key: string): Promise<void>;
  purge(key: string, options: { previousSeq: number }): Promise<void>;
  history(options: { key: string }): Promise<NatsEntries>;
  watch(options: { key: string; include?: "updates"; resumeFromRevision?: number }): Promise<NatsEntries>;
  status(): Promise<{
    readonly streamInfo: { readonly created: string; readonly state: { readonly last_seq: number } };
  }>;
}

const VERBS = ["get", "put", "delete", "purge", "history", "watch", "status"] as const;

/** Throws a `TypeError` for anything but a bucket. */
export function checkBucket(kv: unknown): void {
  const found = typeof kv === "object" && kv !== null ? (kv as Record<string, unknown>) : {};
  if (VERBS.every((verb) => typeof found[verb] === "function")) return;
  throw new TypeError(
    `natsStore() takes a bucket of @nats-io/kv, got ${describe(kv, found)}; ` +
      'pass natsStore(await new Kvm(connection).create("failfast"))',
  );
}

/** Describes only its kind, since a URL contains a password. */
function describe(kv: unknown, found: Record<string, unknown>): string {
  if (typeof kv !== "object" || kv === null) return kv === null ? "null" : typeof kv;
  if (typeof found["then"] === "function") return "a promise (await it first)";
  if (typeof found["create"] === "function") return "the manager of buckets";
  if (typeof found["subscribe"] === "function") return "a connection";
  return "an object that is none";
}

/**
 * Ends a read or a watch. Its consumer would stay on the server for another 5 minutes, so it is deleted if possible.
 */
export function discard(entries: NatsEntries): void {
  entries.stop();
  entries._data?.delete?.().catch(() => {});
}

/** Another process wrote in between: JetStream's "wrong last sequence". */
export const isConflict = (error: unknown): boolean =>
  [10071, 10164].includes((error as { code?: number } | null)?.code ?? 0);

import { describeClient, hasMethods } from "../shared/given-client.js";

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
  if (hasMethods<NatsKv>(kv, VERBS)) return;
  throw new TypeError(
    `natsStore() takes a bucket of @nats-io/kv, got ${describeClient(kv, kindOf)}; ` +
      'pass natsStore(await new Kvm(connection).create("failfast"))',
  );
}

function kindOf({ create, subscribe }: Readonly<Record<string, unknown>>): string {
  if (typeof create === "function") return "the manager of buckets";
  return typeof subscribe === "function" ? "a connection" : "an object that is not one";
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

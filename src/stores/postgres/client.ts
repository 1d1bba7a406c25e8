import type { SafeWatcher } from "../shared/watcher.js";

/** A connection that listens, as pg's `Client` is one. */
export interface ListeningClient {
  connect(): PromiseLike<unknown>;
  query(text: string): PromiseLike<unknown>;
  on(
    event: string,
    listener: (message: { readonly channel: string; readonly payload?: string | undefined }) => void,
  ): unknown;
  /** The server's process, as it said when the connection was made. */
  readonly processID?: number | null;
  end(): PromiseLike<unknown>;
  unref?(): void;
  /** pg's own connection below it, and its socket. */
  readonly connection?: { readonly stream?: { destroy?(): void } };
}

/** pg's `Pool`, PGlite, Neon and others: what answers a query with `{ rows }`. */
export interface QueryClient {
  query(text: string, params: unknown[]): PromiseLike<{ readonly rows: readonly unknown[] }>;
  /** pg's pool: what it makes its connections with, and from what. */
  readonly Client?: unknown;
  readonly options?: unknown;
  /** PGlite: notifications of the database in this process. */
  listen?(channel: string, listener: (payload: string) => void): PromiseLike<() => PromiseLike<unknown>>;
}

/** postgres.js. */
export interface PostgresJs {
  unsafe(text: string, params?: never[]): PromiseLike<readonly unknown[]>;
  listen(
    channel: string,
    listener: (payload: string) => void,
    onListen: () => void,
  ): PromiseLike<{ unlisten(): PromiseLike<unknown> }>;
}

export type PostgresClient = QueryClient | PostgresJs;

/** What the store asks of either. */
export interface Database {
  query(text: string, params?: readonly unknown[]): Promise<readonly unknown[]>;
  /** Resolves once it listens; `undefined` where that can't be done, and changes are found by polling. */
  readonly listen: ((channel: string, watcher: SafeWatcher) => Promise<AsyncDisposable>) | undefined;
}

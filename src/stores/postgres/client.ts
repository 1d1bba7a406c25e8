import type { SafeWatcher } from "../shared/watcher.js";

/** A connection that listens, such as pg's `Client`. */
export interface ListeningClient {
  connect(): PromiseLike<unknown>;
  query(text: string): PromiseLike<unknown>;
  on(
    event: string,
    listener: (message: { readonly channel: string; readonly payload?: string | undefined }) => void,
  ): unknown;
  /** The server's process, as reported when the connection was made. */
  readonly processID?: number | null;
  end(): PromiseLike<unknown>;
  unref?(): void;
  /** The lower-level connection of pg, and its socket. */
  readonly connection?: { readonly stream?: { destroy?(): void } };
}

/** An object with the rows, or the rows alone. */
export type Answer = { readonly rows: readonly unknown[] } | readonly unknown[];

/** pg-promise, and Neon over HTTP, answer with the rows alone. */
export const rowsOf = (answer: Answer): readonly unknown[] => ("rows" in answer ? answer.rows : answer);

/** pg's `Pool`, PGlite, Neon, pg-promise and others: anything that answers a query with `{ rows }`, or with the rows. */
export interface QueryClient {
  query(text: string, params: unknown[]): PromiseLike<Answer>;
  /** pg's pool: its connection class, and the options for it. */
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

/** A client or pool that `postgresStore` takes. */
export type PostgresClient = QueryClient | PostgresJs;

/** The operations that the store needs from each kind. */
export interface Database {
  query(text: string, params?: readonly unknown[]): Promise<readonly unknown[]>;
  /** Resolves when it listens; `undefined` if it can't, and then changes are found by polling. */
  readonly listen: ((channel: string, watcher: SafeWatcher) => Promise<AsyncDisposable>) | undefined;
}

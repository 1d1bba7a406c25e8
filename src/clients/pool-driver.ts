/** A pool of `pg`, or of `mysql2` with callbacks or promises. */
export type PoolLike =
  // biome-ignore lint/suspicious/noExplicitAny: the methods of every version, whatever their types
  | { connect(...args: any[]): any; query(...args: any[]): any; readonly totalCount: number }
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  | { getConnection(...args: any[]): any; query(...args: any[]): any };

export type AnyMethod = (...args: unknown[]) => unknown;

export interface Connection {
  release(error?: unknown): void;
  destroy?(): void;
  on?(event: "error", listener: () => void): unknown;
  off?(event: "error", listener: () => void): unknown;
  /** What a promise object of mysql2 is built on. */
  readonly connection?: object;
}

/** What differs between the kinds of pools. */
export interface Driver {
  /** The method that hands out a connection. */
  readonly checkout: "connect" | "getConnection";
  /** A call without a callback returns a promise, and not a stream. */
  readonly promises: boolean;
  /** This process has as many connections as it may have, and uses all of them. */
  isBusy(pool: object): boolean;
  /** Gives a connection back, or discards it if it may be broken. */
  release(connection: Connection, broken?: unknown): void;
}

interface PgPool {
  readonly idleCount?: number;
  readonly totalCount?: number;
  readonly waitingCount?: number;
  readonly options?: { readonly max?: number };
}

interface MysqlPool {
  readonly _freeConnections?: { readonly length: number };
  readonly _allConnections?: { readonly length: number };
  readonly config?: { readonly connectionLimit?: number };
}

const PG: Driver = {
  checkout: "connect",
  promises: true,
  isBusy: (pool) => {
    const { idleCount = Infinity, totalCount = 0, waitingCount = 0, options } = pool as PgPool;
    // Callers that asked in the same tick wait too, and get one of the idle connections.
    return waitingCount >= idleCount + ((options?.max ?? Infinity) - totalCount);
  },
  release: (connection, broken) => connection.release(broken),
};

const MYSQL: Driver = {
  checkout: "getConnection",
  promises: false,
  isBusy: (pool) => {
    const { _freeConnections: free, _allConnections: all, config } = pool as MysqlPool;
    // 0: no limit.
    return free?.length === 0 && (all?.length ?? 0) >= (config?.connectionLimit || Infinity);
  },
  release: (connection, broken) => (broken === undefined ? connection.release() : connection.destroy?.()),
};

export const MYSQL_PROMISE: Driver = {
  ...MYSQL,
  promises: true,
  isBusy: (pool) => MYSQL.isBusy((pool as { pool: object }).pool),
};

export function driverOf(pool: unknown): Driver | undefined {
  if (typeof pool !== "object" || pool === null) return undefined;
  const has = (name: string): boolean => typeof (pool as Record<string, unknown>)[name] === "function";
  if (!has("query")) return undefined;
  if (has("getConnection")) return has("promise") ? MYSQL : "pool" in pool ? MYSQL_PROMISE : undefined;
  return has("connect") && "totalCount" in pool ? PG : undefined;
}

/** Calls a method without the caller's callback; resolves to what the callback would get after the error. */
export async function invoke(
  target: object,
  { promises }: Driver,
  name: string,
  args: readonly unknown[],
): Promise<unknown[]> {
  const method = (target as Record<string, AnyMethod>)[name] as AnyMethod;
  if (promises) return [await Reflect.apply(method, target, args)];
  return new Promise((resolve, reject) => {
    Reflect.apply(method, target, [
      ...args,
      (error: unknown, ...answers: unknown[]) => (error ? reject(error) : resolve(answers)),
    ]);
  });
}

/** Errors that a connection emits while the guard has it. The waiting caller learns of them from its query. */
export const ignore = (): void => undefined;

/**
 * Hands out a connection; losing it must not end the process. pg's pool doesn't listen to connections it has handed
 * out.
 */
export async function take(pool: object, driver: Driver): Promise<Connection> {
  const [connection] = (await invoke(pool, driver, driver.checkout, [])) as [Connection];
  connection.on?.("error", ignore);
  return connection;
}

/** Gives back a connection. A broken one may report that later. */
export function giveBack(connection: Connection, driver: Driver, broken?: unknown): void {
  driver.release(connection, broken);
  if (broken === undefined) connection.off?.("error", ignore);
}

/** A cursor or a stream of rows: neither a callback nor a promise tells its outcome. */
export function isStream(args: readonly unknown[], { promises }: Driver): boolean {
  const [first] = args as [{ submit?: unknown } | undefined];
  return typeof first?.submit === "function" || (!promises && typeof args.at(-1) !== "function");
}

/** Answers in the way it was asked: by a callback, or with a promise. */
export function answering(
  args: readonly unknown[],
  call: (args: readonly unknown[]) => Promise<unknown[]>,
): unknown {
  const callback = args.at(-1);
  if (typeof callback !== "function") return call(args).then(([first]) => first);
  // An error thrown by a callback is the callback's own, and not a rejection.
  const later = (...answer: unknown[]): void => queueMicrotask(() => callback(...answer));
  call(args.slice(0, -1)).then(
    (answers) => later(null, ...answers),
    (error: unknown) => later(error),
  );
  return undefined;
}

declare function queueMicrotask(run: () => void): void;

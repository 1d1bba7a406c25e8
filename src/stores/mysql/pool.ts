import { systemClock } from "../../runtime/system-clock.js";
import { againWhere } from "../shared/again.js";

/** The part of a pool's connection that is used. */
export interface MysqlConnection {
  query(options: MysqlQuery): PromiseLike<readonly [unknown, unknown]>;
  release(): void;
  destroy(): void;
}

/** The options of mysql2 that are used. */
export interface MysqlQuery {
  readonly sql: string;
  readonly rowsAsArray: true;
  readonly nestTables: false;
  readonly typeCast: (field: { buffer(): unknown }) => unknown;
}

/** A pool of `mysql2/promise`. */
export interface PromisePool {
  getConnection(): PromiseLike<MysqlConnection>;
}

/** A pool of `mysql2` with callbacks, which contains one with promises. */
export interface CallbackPool {
  promise(): PromisePool;
}

/** A pool that `mysqlStore` takes: of mysql2, with promises or callbacks. */
export type MysqlPool = PromisePool | CallbackPool;

/** The result of a write: `insertId` is the argument of its `LAST_INSERT_ID(…)`. */
export interface Written {
  readonly insertId: number | string;
}

/** Runs a statement without parameters on the pool. */
export interface Database {
  /** Rejects after `withinMs`. Default: 2 s. */
  rows(sql: string, withinMs?: number): Promise<readonly (readonly unknown[])[]>;
  write(sql: string): Promise<Written>;
}

/** A connection without an answer for this long counts as dead: no later query gets it. */
const ANSWERS_WITHIN = 2_000;
/**
 * A deadlock, a lock that timed out, and (MariaDB) a row that changed under the statement: nothing was written, and a
 * second attempt may succeed.
 */
const AGAIN: readonly unknown[] = [1213, 1205, 1020];
/** Rows arrive as arrays of bytes, whatever the pool's settings are. */
const PLAIN = {
  rowsAsArray: true,
  nestTables: false,
  typeCast: (field: { buffer(): unknown }): unknown => field.buffer(),
} as const;

/**
 * Recognises pools by their methods.
 *
 * @throws {TypeError} anything but a pool.
 */
export function detectClient(pool: MysqlPool): Database {
  const found = pool as Partial<CallbackPool & PromisePool> | null;
  if (typeof found?.getConnection !== "function")
    throw new TypeError(
      "mysqlStore() takes a pool, createPool(…) of mysql2 or of mysql2/promise: this is something else",
    );
  const promised = typeof found.promise === "function" ? found.promise() : (pool as PromisePool);

  const ask = (sql: string, withinMs?: number): Promise<unknown> =>
    againWhere(mayGoAgain, () => once(promised, sql, withinMs));
  return {
    rows: async (sql, withinMs) => (await ask(sql, withinMs)) as readonly (readonly unknown[])[],
    write: async (sql) => (await ask(sql)) as Written,
  };
}

const mayGoAgain = (error: unknown): boolean => AGAIN.includes((error as { errno?: unknown } | null)?.errno);

/** Runs one statement. Its connection goes back to the pool only after a proper answer. */
function once(pool: PromisePool, sql: string, withinMs = ANSWERS_WITHIN): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let connection: MysqlConnection | undefined;
    let over = false;
    const cancel = systemClock.after(withinMs, () =>
      end(false, () =>
        reject(
          new Error(
            connection === undefined
              ? `the pool gave no connection within ${withinMs} ms: the server is away, or the application keeps them all busy; give the store a pool of its own`
              : `MySQL gave no answer within ${withinMs} ms`,
          ),
        ),
      ),
    );
    const end = (well: boolean, settle: () => void): void => {
      if (over) return;
      over = true;
      cancel();
      if (well) connection?.release();
      else connection?.destroy();
      settle();
    };
    const run = async (): Promise<void> => {
      try {
        const given = await pool.getConnection();
        if (over) {
          given.release();
          return;
        }
        connection = given;
        const [answer] = await given.query({ sql, ...PLAIN });
        end(true, () => resolve(answer));
      } catch (error) {
        end(mayGoAgain(error), () => reject(error));
      }
    };
    void run();
  });
}

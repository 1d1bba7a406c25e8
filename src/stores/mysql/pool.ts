import { systemClock } from "../../runtime/system-clock.js";
import { againWhere } from "../shared/again.js";

/** A connection of the pool, as far as it matters here. */
export interface MysqlConnection {
  query(options: MysqlQuery): PromiseLike<readonly [unknown, unknown]>;
  release(): void;
  destroy(): void;
}

/** What mysql2 takes. */
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

/** A pool of `mysql2` with callbacks, which has one with promises within. */
export interface CallbackPool {
  promise(): PromisePool;
}

export type MysqlPool = PromisePool | CallbackPool;

/** What a write tells: `insertId` is what its `LAST_INSERT_ID(…)` was given. */
export interface Written {
  readonly insertId: number | string;
}

/** What the store asks of the pool: a statement without parameters. */
export interface Database {
  rows(sql: string): Promise<readonly (readonly unknown[])[]>;
  write(sql: string): Promise<Written>;
}

/** A connection that gave no answer for so long counts as dead: no later query gets it. */
const ANSWERS_WITHIN = 2_000;
/**
 * A deadlock, a lock that timed out, and (MariaDB) a row that changed under the statement: nothing was written, and a
 * second try may work.
 */
const AGAIN: readonly unknown[] = [1213, 1205, 1020];
/** Rows come as arrays of bytes, whatever the pool was told. */
const PLAIN = {
  rowsAsArray: true,
  nestTables: false,
  typeCast: (field: { buffer(): unknown }): unknown => field.buffer(),
} as const;

/**
 * Recognises pools by their methods.
 *
 * @throws {TypeError} what is none.
 */
export function detectClient(pool: MysqlPool): Database {
  const found = pool as Partial<CallbackPool & PromisePool> | null;
  if (typeof found?.getConnection !== "function")
    throw new TypeError(
      "mysqlStore() takes a pool, createPool(…) of mysql2 or of mysql2/promise: this is none",
    );
  const promised = typeof found.promise === "function" ? found.promise() : (pool as PromisePool);

  const ask = (sql: string): Promise<unknown> => againWhere(mayGoAgain, () => once(promised, sql));
  return {
    rows: async (sql) => (await ask(sql)) as readonly (readonly unknown[])[],
    write: async (sql) => (await ask(sql)) as Written,
  };
}

const mayGoAgain = (error: unknown): boolean => AGAIN.includes((error as { errno?: unknown } | null)?.errno);

/** One statement, on a connection that goes back to the pool only when it has answered as it should. */
function once(pool: PromisePool, sql: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let connection: MysqlConnection | undefined;
    let over = false;
    const cancel = systemClock.after(ANSWERS_WITHIN, () =>
      end(false, () =>
        reject(
          new Error(
            connection === undefined
              ? `the pool gave no connection within ${ANSWERS_WITHIN} ms: the server is away, or the application keeps them all busy; give the store a pool of its own`
              : `MySQL gave no answer within ${ANSWERS_WITHIN} ms`,
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

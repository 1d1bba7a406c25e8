import type { Circuit } from "../api/circuit.js";
import { observe, ownWait, stopsCalls } from "../api/observe.js";
import { Answered } from "../call/call-policy.js";
import { ask } from "../call/predicate.js";
import { Caller } from "../call/reported-call.js";
import { TimeoutError } from "../errors/timeout-error.js";
import { checkKnown } from "../options/check-options.js";
import { formatValue } from "../options/format-value.js";
import { type DatabaseVerdict, verdictOf } from "./database-errors.js";
import { guardedObject } from "./guarded-object.js";
import { heldOf, statementOf } from "./held-connection.js";
import {
  type AnyMethod,
  answering,
  type Connection,
  type Driver,
  driverOf,
  giveBack,
  ignore,
  invoke,
  isStream,
  MYSQL_PROMISE,
  type PoolLike,
  take,
} from "./pool-driver.js";

export type { PoolLike } from "./pool-driver.js";

/** The options of `guardPool`. */
export interface PoolOptions {
  /**
   * Which errors of the database are failures; all others are answers. A wait for this process's own pool, and queries
   * that were never sent, are always neither. Default: connections that are lost or refused, time-outs, and errors
   * about the server itself: it shuts down or starts, has too many connections, has no memory or disk, or is a standby.
   */
  readonly exceptions?: (error: unknown) => boolean;
}

/**
 * A circuit around the pool of `pg`, or of `mysql2` with callbacks or promises. Query it, or give it to Drizzle,
 * Kysely, Knex or Prisma's driver adapters as their pool. While the circuit is open no query is sent and no connection
 * is handed out.
 *
 * ```ts
 * const pool = guardPool(failfast("billing_database", "10s", { consecutive: 3 }), new pg.Pool());
 * ```
 *
 * An error about a statement, such as its syntax or a constraint, is a success: the server answered. A wait for a
 * connection while this process uses all of them counts for nothing, and is not part of a call: `callTimeout` and
 * `slowCall` begin when there is a connection. A caller that has taken a connection keeps it. Its queries count, but
 * none is rejected, so that every transaction can be ended. When the circuit is due, the next caller that takes a
 * connection is the probe, with a `SELECT 1` before.
 *
 * The given pool itself stays unguarded, for health checks. Cursors and streams pass through unguarded.
 *
 * @param circuit a circuit without a fallback, because a fallback has no connection to give.
 * @throws {TypeError} something that is not a circuit or not such a pool, or a wrong option.
 */
export function guardPool<P extends PoolLike>(
  circuit: Circuit<unknown>,
  pool: P,
  options: PoolOptions = {},
): P {
  if (typeof circuit !== "function" || typeof circuit.run !== "function")
    throw new TypeError(`guardPool takes a circuit, and a pool; the circuit is ${formatValue(circuit)}`);
  const driver = driverOf(pool);
  if (driver === undefined)
    throw new TypeError(`guardPool takes a pool of pg or mysql2; this is ${formatValue(pool)}`);
  checkKnown(options, ["exceptions"]);
  return new PoolGuard(circuit, options.exceptions).pool(pool, driver) as P;
}

/** A connection was handed out, but not asked anything. */
const NOTHING_ASKED = new Error("nothing was asked");

/** The methods of a connection that count. */
const COUNTED: ReadonlySet<PropertyKey> = new Set([
  "query",
  "execute",
  "beginTransaction",
  "commit",
  "rollback",
]);
const isCounted = (name: PropertyKey): name is string => COUNTED.has(name);

type Making = (fn: () => Promise<unknown>, caller: Caller) => Promise<unknown>;

class PoolGuard {
  readonly #circuit: Circuit<unknown>;
  readonly #exceptions: PoolOptions["exceptions"];
  readonly #connections = new WeakMap<object, object>();

  constructor(circuit: Circuit<unknown>, exceptions: PoolOptions["exceptions"]) {
    this.#circuit = circuit;
    this.#exceptions = exceptions;
  }

  pool(pool: object, driver: Driver): object {
    return guardedObject(pool, (name, value) => {
      if (name === "pool" && driver === MYSQL_PROMISE)
        return this.pool(value as object, driverOf(value) as Driver);
      if (typeof value !== "function") return undefined;
      if (name === "promise")
        return (...args: unknown[]) =>
          this.pool(Reflect.apply(value as AnyMethod, pool, args) as object, MYSQL_PROMISE);
      if (name === driver.checkout)
        return (...args: unknown[]) => answering(args, () => this.#checkout(pool, driver));
      if (name !== "query" && name !== "execute") return undefined;
      return (...args: unknown[]) =>
        isStream(args, driver)
          ? Reflect.apply(value as AnyMethod, pool, args)
          : answering(args, (given) => this.#query(pool, driver, name, given));
    });
  }

  /** A query of the pool: it takes a connection and gives it back. */
  async #query(pool: object, driver: Driver, name: string, args: readonly unknown[]): Promise<unknown[]> {
    let taken = this.#isBusy(pool, driver) ? await this.#waitForOwn(pool, driver) : undefined;
    let over = false;
    let broken: unknown;
    try {
      return await this.#run(async () => {
        const connection = taken ?? (await take(pool, driver));
        // Its call has timed out.
        if (over) {
          giveBack(connection, driver);
          throw NOTHING_ASKED;
        }
        taken = connection;
        return invoke(connection, driver, name, args);
      });
    } catch (error) {
      if (this.#verdict(error, false) === "failure" || error instanceof TimeoutError) broken = error;
      throw error;
    } finally {
      over = true;
      if (taken !== undefined) giveBack(taken, driver, broken);
    }
  }

  async #checkout(pool: object, driver: Driver): Promise<unknown[]> {
    let taken = this.#isBusy(pool, driver) ? await this.#waitForOwn(pool, driver) : undefined;
    let over = false;
    try {
      await this.#run(async () => {
        const connection = taken ?? (await take(pool, driver));
        // Its call has timed out.
        if (over) giveBack(connection, driver);
        else taken = connection;
        // That a connection existed or could be made says little: a proxy in between may have answered.
        if (over || this.#circuit.state === "closed") throw NOTHING_ASKED;
        return stopsCalls(this.#circuit) ? invoke(connection, driver, "query", ["SELECT 1"]) : [];
      });
    } catch (error) {
      over = true;
      if (error !== NOTHING_ASKED) {
        const broken = error instanceof TimeoutError || this.#verdict(error, false) === "failure";
        if (taken !== undefined) giveBack(taken, driver, broken ? error : undefined);
        throw error;
      }
    }
    const given = taken as Connection;
    heldOf(given).begin();
    given.off?.("error", ignore);
    const connection = this.#connection(given, driver) as Connection;
    return [connection, (error?: unknown) => connection.release(error)];
  }

  /** There is no await between this and taking a connection, because others could ask in the same tick. */
  #isBusy(pool: object, driver: Driver): boolean {
    return this.#circuit.state !== "open" && driver.isBusy(pool);
  }

  /** A connection, if all are in use: this process waits for itself. */
  async #waitForOwn(pool: object, driver: Driver): Promise<Connection> {
    const acquired = take(pool, driver);
    try {
      return await ownWait(this.#circuit, acquired);
    } catch (error) {
      if (error instanceof TimeoutError)
        acquired.then(
          (late) => giveBack(late, driver),
          () => undefined,
        );
      // In the end a connection had to be made, and that failed.
      else if (this.#verdict(error, false) === "failure") await this.#run(() => Promise.reject(error));
      throw error;
    }
  }

  /** Its queries are never rejected, because there may be a transaction to end. */
  #connection(connection: Connection, driver: Driver): object {
    const known = this.#connections.get(connection);
    if (known !== undefined) return known;
    const held = heldOf(connection);
    const observed: Making = (fn, caller) =>
      observe(this.#circuit, fn, caller).catch((error: unknown) => {
        if (error instanceof TimeoutError) held.hanging = error;
        throw error;
      });
    const guarded = guardedObject(connection, (name, value) => {
      if (typeof value !== "function") return undefined;
      const method = value as AnyMethod;
      if (name === "promise")
        return (...args: unknown[]) =>
          this.#connection(Reflect.apply(method, connection, args) as Connection, MYSQL_PROMISE);
      if (name === "release")
        return (error?: unknown) =>
          held.hanging === undefined || error
            ? Reflect.apply(method, connection, [error])
            : driver.release(connection, held.hanging);
      if (!isCounted(name)) return undefined;
      return (...args: unknown[]) => {
        held.note(statementOf(args[0], name));
        const { readOnly } = held;
        if (isStream(args, driver)) return Reflect.apply(method, connection, args);
        return answering(args, (given) =>
          this.#judged(observed, () => invoke(connection, driver, name, given), readOnly),
        );
      };
    });
    this.#connections.set(connection, guarded);
    return guarded;
  }

  #run(work: () => Promise<unknown[]>): Promise<unknown[]> {
    const through: Making = (fn, caller) => this.#circuit.run(fn, { signal: caller as never });
    return this.#judged(through, work, false);
  }

  /** Makes the call, and reports to the circuit what the outcome says about the server. */
  async #judged(make: Making, work: () => Promise<unknown[]>, readOnly: boolean): Promise<unknown[]> {
    const caller = new Caller();
    let more: unknown[] = [];
    const outcome = await make(async () => {
      try {
        const [first, ...others] = await work();
        more = others;
        return first;
      } catch (error) {
        const verdict = this.#verdict(error, readOnly);
        if (verdict === "answer") return new Answered(error);
        if (verdict === "neither") caller.leave();
        throw error;
      }
    }, caller);
    if (outcome instanceof Answered) throw outcome.error;
    return [outcome, ...more];
  }

  #verdict(error: unknown, readOnly: boolean): DatabaseVerdict {
    if (error === NOTHING_ASKED) return "neither";
    const verdict = verdictOf(error, readOnly);
    if (verdict === "neither" || this.#exceptions === undefined) return verdict;
    return ask("exceptions", this.#exceptions, error, verdict === "failure") ? "failure" : "answer";
  }
}

import { EventEmitter } from "node:events";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Circuit, createFailfast, type FailfastOptions, isFailfastError } from "../index.js";
import { guardPool, type PoolOptions } from "./pool.js";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const outcome = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

/** What the server does with a statement. */
let answer: (statement: string, client: FakeClient) => Promise<unknown>;
let asked: string[];
/** Errors that no listener of a client got. */
let unheard: unknown[];
let close: (() => unknown)[];
beforeEach(() => {
  answer = async () => ({ rows: [] });
  asked = [];
  unheard = [];
  close = [];
});
afterEach(async () => {
  for (const each of close) await each();
});

/** As much of a client of pg as the pool needs. */
class FakeClient extends EventEmitter {
  _queryable = true;

  connect(done: (error: null) => void): void {
    setTimeout(() => done(null), 1);
  }

  query(statement: string, ...more: unknown[]): Promise<unknown> | undefined {
    asked.push(statement);
    const done = more.find((each) => typeof each === "function") as
      | ((error: unknown, answer?: unknown) => void)
      | undefined;
    const answered = answer(statement, this);
    if (done === undefined) return answered;
    answered.then((value) => done(null, value), done);
    return undefined;
  }

  /** Its connection is lost: listeners are notified first, and then the caller of the query. */
  lose(): never {
    const error = Object.assign(new Error("Connection terminated unexpectedly"), { code: "ECONNRESET" });
    this._queryable = false;
    if (this.listenerCount("error") === 0) unheard.push(error);
    else this.emit("error", error);
    throw error;
  }

  end(done?: () => void): void {
    done?.();
  }
}

const databaseError = (code: string, message = "no", severity = "ERROR"): Error =>
  Object.assign(new Error(message), { code, severity });

function guarded(
  options: FailfastOptions,
  { max = 1, time = "10s", ...more }: PoolOptions & { max?: number; time?: string } = {},
): { circuit: Circuit; real: pg.Pool; pool: pg.Pool } {
  const failfast = createFailfast();
  close.push(() => failfast.close());
  const circuit = failfast("database", time as "10s", options) as Circuit;
  const real = new pg.Pool({ Client: FakeClient as never, max });
  real.on("error", () => undefined);
  return { circuit, real, pool: guardPool(circuit, real, more) };
}

describe("a connection that is lost while the guard has it", () => {
  beforeEach(() => {
    answer = async (statement, client) => {
      await sleep(20);
      return statement === "lost" ? client.lose() : { rows: [] };
    };
  });

  test("for a query that had to wait for it is a failure", async () => {
    const { pool } = guarded({ consecutive: 5 });
    const first = pool.query("first");
    await sleep(5);
    expect(await outcome(pool.query("lost"))).toMatchObject({ code: "ECONNRESET" });
    await first;
    await sleep(20);
    expect(unheard).toEqual([]);
  });

  test("for the SELECT 1 of a probe is a failure", async () => {
    const { circuit, pool } = guarded({ consecutive: 1 }, { time: "50ms" });
    await outcome(pool.query("lost"));
    await expect.poll(() => circuit.state).toBe("half-open");
    answer = async (_, client) => client.lose();
    expect(await outcome(pool.connect())).toMatchObject({ code: "ECONNRESET" });
    await sleep(20);
    expect([asked.at(-1), unheard]).toEqual(["SELECT 1", []]);
  });

  test("leaves no listener behind, whether it is given back or handed out", async () => {
    const { pool } = guarded({ consecutive: 5 });
    await Promise.all([pool.query("first"), pool.query("second")]);
    const client = (await pool.connect()) as unknown as FakeClient & pg.PoolClient;
    expect(client.listenerCount("error")).toBe(0);
    client.release();
    expect(client.listenerCount("error")).toBe(1);
  });
});

describe("after an outage in which the server hangs", () => {
  let dead: boolean;
  beforeEach(() => {
    dead = false;
    const stuck = new WeakSet<FakeClient>();
    answer = (_, client) => {
      if (dead) stuck.add(client);
      return stuck.has(client) ? new Promise(() => undefined) : Promise.resolve({ rows: [] });
    };
  });
  const inTransaction = async (pool: pg.Pool): Promise<void> => {
    const client = await pool.connect();
    try {
      await client.query("x");
    } finally {
      client.release();
    }
  };

  test.each([
    ["queries", (pool: pg.Pool): Promise<unknown> => pool.query("x")],
    ["connections", inTransaction],
  ])("a probe is made, and closes the circuit: %s", async (_, one) => {
    const { circuit, real, pool } = guarded(
      { consecutive: 2, callTimeout: "50ms" },
      { max: 2, time: "100ms" },
    );
    await one(pool);
    dead = true;
    for (let i = 0; i < 2; i++) await Promise.all([outcome(one(pool)), outcome(one(pool))]);
    expect(circuit.state).not.toBe("closed");
    expect(real.totalCount).toBe(0);
    dead = false;
    await expect.poll(async () => isFailfastError(await outcome(one(pool)))).toBe(false);
    expect([circuit.state, real.totalCount]).toEqual(["closed", 1]);
  });
});

test.each(["cold", "warm"])("a burst on an idle pool leaves a healthy circuit closed: %s", async (pool) => {
  const { circuit, pool: its } = guarded({ consecutive: 3, callTimeout: "250ms" }, { max: 2 });
  if (pool === "warm") await Promise.all([its.query("x"), its.query("x")]);
  // Some wait longer for this process than a call may take, which does not count.
  answer = () => sleep(100);
  const slow = await Promise.all(Array.from({ length: 20 }, () => outcome(its.query("x"))));
  expect(slow.filter((each) => each === undefined).length).toBeGreaterThanOrEqual(2);
  expect(slow.filter(isFailfastError)).toEqual([]);
  expect(circuit.state).toBe("closed");
});

test("a query that hangs on a connection of the caller's takes that connection out of the pool", async () => {
  const { real, pool } = guarded({ consecutive: 5, callTimeout: "50ms" });
  answer = () => new Promise(() => undefined);
  const client = await pool.connect();
  expect(await outcome(client.query("x"))).toMatchObject({ name: "TimeoutError" });
  client.release();
  expect(real.totalCount).toBe(0);
});

describe("a server in read-only mode", () => {
  const standby = async (statement: string): Promise<unknown> => {
    if (statement.startsWith("INSERT")) throw databaseError("25006");
    return { rows: [] };
  };

  test.each([
    [["SELECT * FROM docs WHERE title = 'read only'"], "open"],
    [["SELECT read_only FROM docs"], "open"],
    [["BEGIN READ ONLY", "COMMIT"], "open"],
    [["BEGIN READ ONLY", "ROLLBACK"], "open"],
    [["BEGIN READ ONLY", "ROLLBACK TO SAVEPOINT s"], "closed"],
    [["begin isolation level serializable, read only"], "closed"],
    [["BEGIN", "SET TRANSACTION READ ONLY"], "closed"],
    [["SET default_transaction_read_only = on", "BEGIN", "COMMIT"], "closed"],
    [["SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"], "closed"],
  ])("is a failure if nobody asked for read-only: %s", async (statements, state) => {
    answer = standby;
    const { circuit, pool } = guarded({ consecutive: 1 });
    const client = await pool.connect();
    for (const statement of statements) await client.query(statement);
    await outcome(client.query("INSERT x"));
    client.release();
    expect(circuit.state).toBe(state);
  });

  test("is not excused for the next user of a connection whose last user asked for read-only", async () => {
    answer = standby;
    const { circuit, pool } = guarded({ consecutive: 1 });
    const first = await pool.connect();
    await first.query("BEGIN READ ONLY");
    first.release();
    const next = await pool.connect();
    await outcome(next.query("INSERT x"));
    next.release();
    expect(circuit.state).toBe("open");
  });
});

test("a predicate that throws leaves the database's own error and the default verdict", async () => {
  const exceptions = (): boolean => {
    throw new Error("its own");
  };
  const { circuit, pool } = guarded({ consecutive: 1 }, { exceptions });
  answer = () => Promise.reject(databaseError("23505", "duplicate"));
  expect(await outcome(pool.query("x"))).toMatchObject({ message: "duplicate" });
  expect(circuit.state).toBe("closed");
  answer = () => Promise.reject(databaseError("57P01", "shut down"));
  expect(await outcome(pool.query("x"))).toMatchObject({ message: "shut down" });
  expect(circuit.state).toBe("open");
});

test("results is not called for an error that is an answer", async () => {
  const { circuit, pool } = guarded({
    consecutive: 1,
    results: (value: unknown) => !(value as { rows?: unknown }).rows,
  });
  answer = () => Promise.reject(databaseError("23505", "duplicate"));
  expect(await outcome(pool.query("x"))).toMatchObject({ message: "duplicate" });
  expect(circuit.state).toBe("closed");
});

test.each([{ mode: "shadow" }, { enabled: () => false }] as const)(
  "%o sends no SELECT 1",
  async (options) => {
    const { circuit, pool } = guarded({ consecutive: 1, ...options });
    await circuit.trip();
    for (let i = 0; i < 2; i++) (await pool.connect()).release();
    expect([circuit.state, asked]).toEqual(["open", []]);
  },
);

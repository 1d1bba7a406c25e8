import { type PostgresSubject, TABLE } from "../stores/postgres.js";
import { type Fault, repeatedly, spoiled } from "../subject.js";
import { killed } from "./servers.js";

const TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'fleet'";

/** A fault of the database, and its end. */
const done = (name: string, broken: string[], well: string[], more: object = {}): Fault<PostgresSubject> => ({
  name,
  ...more,
  async inject({ sql }) {
    await sql(...broken);
    return () => sql(...well);
  },
});

const locked = (name: string, mode: string, more: object = {}): Fault<PostgresSubject> => ({
  name,
  ...more,
  inject: ({ transaction }) => transaction(`LOCK TABLE failfast IN ${mode} MODE`),
});

const spoilt = (name: string, value: string, large = false): Fault<PostgresSubject> => ({
  name,
  async inject({ sql }, round) {
    for (const key of spoiled(round, large))
      await sql(
        `INSERT INTO failfast VALUES ('failfast', '${key}', ${value}, now() + interval '1 day')
         ON CONFLICT (prefix, key) DO UPDATE SET value = excluded.value`,
      );
    return () => undefined;
  },
});

const frozen = (name: string, all: boolean, more: object): Fault<PostgresSubject> => ({
  name,
  ...more,
  inject({ signal }) {
    signal("SIGSTOP", all);
    return () => signal("SIGCONT", all);
  },
});

export const postgresFaults: readonly Fault<PostgresSubject>[] = [
  killed("killed, and started again", { quick: true }),
  frozen("frozen", true, { quick: true, seconds: 60 }),
  frozen("its postmaster frozen: no new connections", false, {}),
  {
    name: "listeners' backends terminated every 200 ms",
    quick: true,
    inject: ({ sql }) => repeatedly(200, () => sql(`${TERMINATE} AND query LIKE 'LISTEN%'`)),
  },
  {
    name: "all connections terminated every 200 ms",
    inject: ({ sql }) => repeatedly(200, () => sql(TERMINATE)),
  },
  done("the table dropped, and made again", ["DROP TABLE failfast"], TABLE, { loses: true }),
  done(
    "the table renamed, and named back",
    ["ALTER TABLE failfast RENAME TO elsewhere"],
    ["ALTER TABLE elsewhere RENAME TO failfast"],
  ),
  locked("the table locked", "ACCESS EXCLUSIVE"),
  locked("the table locked against writes, while reads succeed", "EXCLUSIVE", { quick: true }),
  done("emptied while open", ["TRUNCATE failfast"], [], { loses: true }),
  done(
    "connection limit reached",
    ["ALTER ROLE fleet CONNECTION LIMIT 0", TERMINATE],
    ["ALTER ROLE fleet CONNECTION LIMIT -1"],
  ),
  done("credentials revoked", ["ALTER ROLE fleet NOLOGIN", TERMINATE], ["ALTER ROLE fleet LOGIN"]),
  done("privileges revoked", ["REVOKE ALL ON failfast FROM fleet"], ["GRANT ALL ON failfast TO fleet"]),
  done(
    "writing forbidden",
    ["REVOKE INSERT, UPDATE, DELETE ON failfast FROM fleet"],
    ["GRANT ALL ON failfast TO fleet"],
  ),
  done(
    "read-only: a standby by now",
    ["ALTER ROLE fleet SET default_transaction_read_only = on", TERMINATE],
    ["ALTER ROLE fleet RESET default_transaction_read_only", TERMINATE],
  ),
  spoilt("a megabyte in place of a record", "repeat('x', 1000000)", true),
  spoilt("rubbish in place of a record", "'{'"),
  done(
    "failed over, with the last writes lost",
    ["CREATE TABLE kept AS TABLE failfast"],
    [
      "BEGIN",
      "DELETE FROM failfast",
      "INSERT INTO failfast SELECT * FROM kept",
      "COMMIT",
      "DROP TABLE kept",
      TERMINATE,
    ],
    { loses: true },
  ),
];

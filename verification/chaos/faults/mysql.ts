import { type MysqlSubject, TABLE } from "../stores/mysql.js";
import { type Fault, repeatedly, spoiled } from "../subject.js";
import { frozen, killed } from "./servers.js";

/** A fault of the database, and its end. `anew` also ends the fleet's connections each time. */
const done = (
  name: string,
  broken: readonly string[],
  well: readonly string[],
  { anew = false, ...more }: { anew?: boolean; loses?: boolean } = {},
): Fault<MysqlSubject> => ({
  name,
  ...more,
  async inject({ sql, kill }) {
    await sql(...broken);
    if (anew) await kill();
    return async () => {
      await sql(...well);
      if (anew) await kill();
    };
  },
});

const spoilt = (name: string, value: string, large = false): Fault<MysqlSubject> => ({
  name,
  async inject({ sql }, round) {
    for (const key of spoiled(round, large))
      await sql(
        `REPLACE INTO failfast VALUES
         (UNHEX(SHA2('failfast', 256)), UNHEX(SHA2('${key}', 256)), 'failfast', '${key}', ${value}, 4e12)`,
      );
    return () => undefined;
  },
});

export const mysqlFaults: readonly Fault<MysqlSubject>[] = [
  killed("killed, and started again"),
  frozen(),
  { name: "all connections terminated every 200 ms", inject: ({ kill }) => repeatedly(200, kill) },
  done("the table dropped, and made again", ["DROP TABLE failfast"], TABLE, { loses: true }),
  done(
    "the table renamed, and named back",
    ["RENAME TABLE failfast TO elsewhere"],
    ["RENAME TABLE elsewhere TO failfast"],
  ),
  {
    name: "the table locked",
    inject: ({ holding }) => holding("LOCK TABLES failfast WRITE"),
  },
  {
    name: "the table locked against writes, while reads succeed",
    inject: ({ holding }) => holding("LOCK TABLES failfast READ"),
  },
  done("emptied while open", ["TRUNCATE failfast"], [], { loses: true }),
  done(
    "connection limit reached",
    ["ALTER USER fleet@'%' WITH MAX_USER_CONNECTIONS 1"],
    ["ALTER USER fleet@'%' WITH MAX_USER_CONNECTIONS 0"],
    { anew: true },
  ),
  done(
    "credentials revoked",
    ["ALTER USER fleet@'%' ACCOUNT LOCK"],
    ["ALTER USER fleet@'%' ACCOUNT UNLOCK"],
    { anew: true },
  ),
  done(
    "writing forbidden",
    ["REVOKE INSERT, UPDATE ON shop.failfast FROM fleet@'%'"],
    ["GRANT INSERT, UPDATE ON shop.failfast TO fleet@'%'"],
  ),
  done("read-only: a replica by now", ["SET GLOBAL read_only = 1"], ["SET GLOBAL read_only = 0"]),
  spoilt("a megabyte in place of a record", "REPEAT('x', 1000000)", true),
  spoilt("rubbish in place of a record", "'{'"),
  done(
    "failed over, with the last writes lost",
    ["CREATE TABLE kept AS SELECT * FROM failfast"],
    ["DELETE FROM failfast", "INSERT INTO failfast SELECT * FROM kept", "DROP TABLE kept"],
    { loses: true, anew: true },
  ),
];

import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { migration } from "../../../src/stores/mysql.js";
import { startMariadb } from "../../../test/servers/mysql-store/start-mariadb.js";
import type { ServerProcess } from "../../../test/servers/server-process.js";
import { startToxicProxy, type ToxicProxy } from "../../../test/servers/toxic-proxy/proxy.js";
import type { Subject } from "../subject.js";

export interface MysqlSubject extends Subject {
  readonly server: ServerProcess;
  readonly proxy: ToxicProxy;
  /** Statements of an administrator, on a connection of their own. */
  sql(...statements: string[]): Promise<RowDataPacket[]>;
  /** The same, on a connection that stays open until the fault ends. */
  holding(...statements: string[]): Promise<() => Promise<void>>;
  /** Ends every connection of the fleet. */
  kill(): Promise<void>;
}

export const TABLE: readonly string[] = [
  migration("failfast"),
  "GRANT SELECT, INSERT, UPDATE, DELETE ON shop.failfast TO fleet@'%'",
];

export async function mysqlSubject(): Promise<MysqlSubject> {
  const server = await startMariadb("--max-connections=100", "--skip-name-resolve");
  const proxy = await startToxicProxy(server.port);
  const connected = async (): Promise<Connection> => {
    const connection = await createConnection(server.url);
    connection.on("error", () => undefined);
    return connection;
  };
  const all = async (connection: Connection, statements: readonly string[]): Promise<RowDataPacket[]> => {
    let rows: RowDataPacket[] = [];
    for (const statement of statements) [rows] = await connection.query<RowDataPacket[]>(statement);
    return rows;
  };
  const sql: MysqlSubject["sql"] = async (...statements) => {
    const connection = await connected();
    try {
      return await all(connection, statements);
    } finally {
      connection.destroy();
    }
  };
  await sql("CREATE USER fleet@'%' IDENTIFIED BY 'fleet'", ...TABLE);
  return {
    name: "mysql",
    place: { store: "mysql", at: `mysql://fleet:fleet@127.0.0.1:${proxy.port}/shop` },
    pollMs: 1_200,
    server,
    proxy,
    sql,
    async holding(...statements) {
      const connection = await connected();
      await all(connection, statements);
      return async () => connection.destroy();
    },
    kill: async () => void (await sql("KILL USER fleet")),
    async read(key) {
      const [row] = await sql(`SELECT CAST(value AS CHAR) AS value FROM failfast WHERE name = '${key}'`);
      return (row?.["value"] as string | undefined) ?? null;
    },
    async stop() {
      await proxy.close();
      await server.stop();
    },
  };
}

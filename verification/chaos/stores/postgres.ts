import { readdirSync, readFileSync } from "node:fs";
import pg from "pg";
import { migration } from "../../../src/stores/postgres.js";
import { startPostgres } from "../../../test/servers/postgres-store/start-postgres.js";
import type { ServerProcess } from "../../../test/servers/server-process.js";
import { startToxicProxy, type ToxicProxy } from "../../../test/servers/toxic-proxy/proxy.js";
import type { Subject } from "../subject.js";

export interface PostgresSubject extends Subject {
  readonly server: ServerProcess;
  readonly proxy: ToxicProxy;
  /** Statements of an administrator, on a connection of their own. */
  sql(...statements: string[]): Promise<Record<string, unknown>[]>;
  /** The same, in a transaction that stays open until the fault ends. */
  transaction(statement: string): Promise<() => Promise<void>>;
  /** The processes of the server: the postmaster only, or also those that serve clients. */
  signal(signal: "SIGSTOP" | "SIGCONT", all: boolean): void;
}

export const TABLE = [...migration("failfast"), "GRANT ALL ON failfast TO fleet"];

export async function postgresSubject(): Promise<PostgresSubject> {
  const server = await startPostgres();
  const proxy = await startToxicProxy(server.port);
  const connected = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: server.url });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };
  const sql: PostgresSubject["sql"] = async (...statements) => {
    const client = await connected();
    try {
      let rows: Record<string, unknown>[] = [];
      for (const statement of statements) rows = (await client.query(statement)).rows;
      return rows;
    } finally {
      await client.end();
    }
  };
  await sql("CREATE ROLE fleet LOGIN", ...TABLE);
  return {
    name: "postgres",
    place: { store: "postgres", at: `postgres://fleet@127.0.0.1:${proxy.port}/postgres` },
    pollMs: 0,
    server,
    proxy,
    sql,
    async transaction(statement) {
      const client = await connected();
      await client.query("BEGIN");
      await client.query(statement);
      return () => client.end();
    },
    signal(signal, all) {
      process.kill(server.pid, signal);
      for (const pid of all ? childrenOf(server.pid) : []) {
        try {
          process.kill(pid, signal);
        } catch {
          // It has ended meanwhile.
        }
      }
    },
    async read(key) {
      const [row] = await sql(`SELECT value FROM failfast WHERE key = '${key}'`);
      return (row?.["value"] as string | undefined) ?? null;
    },
    async stop() {
      await proxy.close();
      await server.stop();
    },
  };
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return pids.filter((pid) => {
    try {
      // "pid (name) state parent …", in which the name may have any characters.
      return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]) === parent;
    } catch {
      return false;
    }
  });
}

import { chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireProgram } from "../require.js";
import { type ServerProcess, startServer } from "../server-process.js";
import { acceptsLogins, postgresOwner } from "./start-postgres.js";

export const pgbouncer: string | undefined = requireProgram("pgbouncer", ["/usr/sbin"]);

export type PoolMode = "session" | "transaction" | "statement";

export interface PgBouncer extends ServerProcess {
  /** For a user whom the PostgreSQL behind it trusts. */
  readonly url: string;
}

/** Starts a PgBouncer before a PostgreSQL on the loopback. `settings` are lines of its configuration. */
export async function startPgBouncer(
  serverPort: number,
  mode: PoolMode,
  settings: readonly string[] = [],
): Promise<PgBouncer> {
  const as = postgresOwner();
  const server = await startServer({
    ...as,
    command: (_, folder) => [pgbouncer ?? "pgbouncer", join(folder, "pgbouncer.ini")],
    prepare(folder, port) {
      if (as) chownSync(folder, as.uid, as.gid);
      const lines = [
        "[databases]",
        `postgres = host=127.0.0.1 port=${serverPort} dbname=postgres user=postgres`,
        "[pgbouncer]",
        ...["listen_addr = 127.0.0.1", `listen_port = ${port}`, "unix_socket_dir =", "auth_type = any"],
        ...[`pool_mode = ${mode}`, ...settings],
      ];
      writeFileSync(join(folder, "pgbouncer.ini"), `${lines.join("\n")}\n`);
    },
    answers: acceptsLogins,
  });
  return Object.assign(server, { url: `postgres://postgres@127.0.0.1:${server.port}/postgres` });
}

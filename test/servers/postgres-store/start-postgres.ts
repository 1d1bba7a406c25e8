import { execFile, execFileSync } from "node:child_process";
import { chownSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { requireProgram } from "../require.js";
import { type ServerProcess, startServer } from "../server-process.js";
import { sharedOnce } from "../shared-folder.js";

const folders = (): string[] => {
  try {
    return readdirSync("/usr/lib/postgresql").map((version) => `/usr/lib/postgresql/${version}/bin`);
  } catch {
    return [];
  }
};

export const postgres: string | undefined = requireProgram("postgres", folders());
const initdb = requireProgram("initdb", folders());

/** It refuses to run as root. */
export const postgresOwner = (): { uid: number; gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
};

/** A data folder as in a new server. */
const freshData = (): string =>
  sharedOnce("postgres", (folder) => {
    const as = postgresOwner();
    if (as) chownSync(folder, as.uid, as.gid);
    const data = ["-D", join(folder, "data"), "--wal-segsize=1", "--no-sync"];
    const args = [...data, "-U", "postgres", "--auth=trust"];
    execFileSync(initdb ?? "initdb", args, { stdio: "ignore", cwd: folder, ...(as ?? {}) });
  });

/** Starts a PostgreSQL that trusts everybody on the loopback except the user "stranger". */
export async function startPostgres(): Promise<ServerProcess & { readonly url: string }> {
  const as = postgresOwner();
  const server = await startServer({
    ...(as ?? {}),
    command: (port, folder) => [
      postgres ?? "postgres",
      ...["-D", join(folder, "data"), "-p", String(port), "-c", "listen_addresses=127.0.0.1"],
      ...["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=200"],
    ],
    async prepare(folder) {
      if (as) chownSync(folder, as.uid, as.gid);
      await promisify(execFile)("cp", ["-a", join(freshData(), "data"), join(folder, "data")]);
    },
    answers: acceptsLogins,
  });
  const { restart } = server;
  return Object.assign(server, {
    url: `postgres://postgres@127.0.0.1:${server.port}/postgres`,
    async restart(downMs = 0): Promise<void> {
      for (;;) {
        try {
          return await restart(downMs);
        } catch (error) {
          // Processes of the one that was killed end by themselves a moment later.
          if (!String(error).includes("shared memory block")) throw error;
        }
      }
    },
  });
}

/** Whether it accepts a start-up message, and has started. */
export function acceptsLogins(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const parameters = Buffer.from("user\0postgres\0database\0postgres\0\0");
    const head = Buffer.alloc(8);
    head.writeInt32BE(8 + parameters.length, 0);
    head.writeInt32BE(196_608, 4);
    const socket = connect(port, "127.0.0.1", () => socket.write(Buffer.concat([head, parameters])));
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", (reply) => settle(reply.toString("latin1", 0, 1) === "R"));
    socket.once("error", () => settle(false));
    socket.setTimeout(1_000, () => settle(false));
  });
}

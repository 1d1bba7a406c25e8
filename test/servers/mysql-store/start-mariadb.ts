import { execFile, execFileSync } from "node:child_process";
import { chownSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { requireProgram } from "../require.js";
import { type ServerProcess, startServer } from "../server-process.js";
import { sharedOnce } from "../shared-folder.js";

export const mariadbd: string | undefined = requireProgram("mariadbd", ["/usr/sbin"]);
const install = requireProgram("mariadb-install-db");

/** It refuses to run as root. */
const owner = (): { uid: number; gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
};

/** A data folder as in a new server. */
const freshData = (): string =>
  sharedOnce("mariadb", (folder) => {
    const as = owner();
    if (as) chownSync(folder, as.uid, as.gid);
    const data = join(folder, "data");
    const settings = [
      `--datadir=${data}`,
      "--innodb-log-file-size=4M",
      "--auth-root-authentication-method=normal",
    ];
    const options = { stdio: "ignore", cwd: folder, ...(as ?? {}) } as const;
    execFileSync(install ?? "mariadb-install-db", ["--no-defaults", ...settings], options);
    execFileSync("mkdir", [join(data, "shop")], options);
  });

/** Starts a MariaDB on the loopback with an empty database "shop", whose root has no password. */
export async function startMariadb(
  ...settings: readonly string[]
): Promise<ServerProcess & { readonly url: string }> {
  const as = owner();
  const server = await startServer({
    ...(as ?? {}),
    command: (port, folder) => [
      mariadbd ?? "mariadbd",
      ...["--no-defaults", `--datadir=${join(folder, "data")}`, `--socket=${join(folder, "socket")}`],
      ...[`--port=${port}`, "--bind-address=127.0.0.1", `--pid-file=${join(folder, "pid")}`],
      ...["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M"],
      "--innodb-log-file-size=4M",
      ...settings,
    ],
    async prepare(folder) {
      if (as) chownSync(folder, as.uid, as.gid);
      await promisify(execFile)("cp", ["-a", join(freshData(), "data"), join(folder, "data")]);
    },
    answers,
  });
  return Object.assign(server, { url: `mysql://root@127.0.0.1:${server.port}/shop` });
}

/** Whether it greets a connection: the first byte of its packet is the protocol's version. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", (greeting) => settle(greeting[4] === 10));
    socket.once("error", () => settle(false));
    socket.setTimeout(1_000, () => settle(false));
  });
}

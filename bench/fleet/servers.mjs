// Servers for one run, on free ports of the loopback, with their defaults, in a folder that is removed with them.
import { execFileSync, spawn } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const PLACES = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", ...postgresFolders()];

function postgresFolders() {
  try {
    return readdirSync("/usr/lib/postgresql").map((version) => `/usr/lib/postgresql/${version}/bin`);
  } catch {
    return [];
  }
}

/** The path of a program, or `undefined`. */
export function find(program) {
  for (const place of PLACES) {
    try {
      execFileSync("test", ["-x", join(place, program)]);
      return join(place, program);
    } catch {
      // Not there.
    }
  }
  return undefined;
}

/** Databases refuse to run as root. */
export function unprivileged() {
  if (process.getuid?.() !== 0) return {};
  const id = (flag) => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((ready) => probe.once("listening", ready));
  const { port } = probe.address();
  await new Promise((closed) => probe.close(closed));
  return port;
}

const accepts = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
    setTimeout(() => socket.destroy(), 100);
  });

/** `{ port, folder, stop }`, once it accepts connections; `as`: the user it runs as. */
export async function serve(program, args, { prepare, as = {} } = {}) {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "failfast-fleet-"));
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid);
  mkdirSync(join(folder, "data"));
  if (as.uid !== undefined) chownSync(join(folder, "data"), as.uid, as.gid);
  prepare?.(folder);
  const server = spawn(program, args(port, folder), { cwd: folder, stdio: "ignore", ...as });
  process.once("exit", () => server.kill("SIGKILL"));
  const stop = async () => {
    const ended = new Promise((done) => server.once("exit", done));
    if (server.exitCode === null && server.kill("SIGKILL")) await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (const deadline = Date.now() + 30_000; !(await accepts(port)); ) {
    if (server.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`${program} did not start`);
    }
    await new Promise((later) => setTimeout(later, 50));
  }
  return { port, folder, pid: server.pid, stop };
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { endProcess, isRunning } from "./end-process.js";
import { sharedFolder } from "./shared-folder.js";

/** A server for a test: it runs in a folder of its own, and never outlives the tests. */
export interface ServerProcess {
  readonly port: number;
  readonly folder: string;
  /** Of the current process: another one after `restart`. */
  readonly pid: number;
  /** Ends the server and removes its folder. May be called more than once. */
  stop(): Promise<void>;
  /** Freezes it: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Kills it, and starts it again on the same port, in the same folder, after `downMs`. */
  restart(downMs?: number): Promise<void>;
}

export interface ServerSettings {
  /** The command for a port and a folder, as `[program, ...arguments]`. */
  command(port: number, folder: string): readonly string[];
  /** Runs once before the first start: makes a data folder, writes a configuration. */
  prepare?(folder: string, port: number): Promise<void> | void;
  /** Whether it serves. */
  answers(port: number): Promise<boolean>;
  /** For servers that refuse to run as root. */
  readonly uid?: number;
  readonly gid?: number;
}

const STARTS_WITHIN = 60_000;

/** Starts a server on the loopback, by default on a free port. */
export async function startServer(settings: ServerSettings, onPort?: number): Promise<ServerProcess> {
  const port = onPort ?? (await freePort());
  const folder = sharedFolder("server-");
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  const start = async (): Promise<ChildProcess> => {
    const [program = "", ...args] = settings.command(port, folder);
    const { uid, gid } = settings;
    const server = spawn(program, args, {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    let log = "";
    for (const stream of [server.stdout, server.stderr]) {
      stream.on("data", (text) => {
        log = (log + text).slice(-4_000);
      });
    }
    endWithUs(server);
    const deadline = Date.now() + STARTS_WITHIN;
    while (!(await settings.answers(port))) {
      if (isRunning(server) && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      await endProcess(server);
      throw new Error(`${program} did not start on port ${port}:\n${log}`);
    }
    return server;
  };
  let server: ChildProcess;
  try {
    await settings.prepare?.(folder, port);
    server = await start();
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    port,
    folder,
    get pid() {
      return server.pid ?? 0;
    },
    async stop() {
      await endProcess(server);
      await remove();
    },
    pause: () => void server.kill("SIGSTOP"),
    resume: () => void server.kill("SIGCONT"),
    kill: () => endProcess(server),
    async restart(downMs = 0) {
      await endProcess(server);
      await new Promise((resolve) => setTimeout(resolve, downMs));
      server = await start();
    },
  };
}

const served = new Set<number | undefined>();
let shell: ChildProcess | undefined;

/** Ends servers whose test run was interrupted: the shell's input ends with this process. */
function endWithUs(server: ChildProcess): void {
  shell ??= startShell();
  const tell = (): void => void shell?.stdin?.write(`${[...served].join(" ")}\n`);
  served.add(server.pid);
  tell();
  server.once("exit", () => {
    served.delete(server.pid);
    tell();
  });
}

function startShell(): ChildProcess {
  const script = 'while read -r line; do last=$line; done; [ -z "$last" ] || kill -9 $last';
  const started = spawn("sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  // This process need not wait for it.
  started.unref();
  (started.stdin as Socket).unref();
  return started;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

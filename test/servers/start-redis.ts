import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now: another one after `restartEmpty`. */
  readonly pid: number;
  /** Ends the server and removes its folder; more than once is fine. */
  stop(): Promise<void>;
  /** Freezes it: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** Kills it and starts one with no data on the same port, after `downMs`. */
  restartEmpty(downMs?: number): Promise<void>;
}

const STARTS_WITHIN = 10_000;

/** Starts a redis-server of its own on the loopback, on a free port where none is given, which keeps nothing on disk. */
export async function startRedis(
  program = "redis-server",
  settings: readonly string[] = [],
  onPort?: number,
): Promise<RedisServer> {
  const port = onPort ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), "failfast-redis-"));
  const start = async (): Promise<ChildProcess> => {
    const fixed = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    const server = spawn(program, [...fixed, ...settings], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let log = "";
    server.stdout.on("data", (text) => {
      log = (log + text).slice(-2_000);
    });
    guard(server);
    const deadline = Date.now() + STARTS_WITHIN;
    while (!(await answers(port))) {
      if (running(server) && Date.now() < deadline) continue;
      await kill(server);
      throw new Error(`${program} did not start on port ${port}:\n${log}`);
    }
    return server;
  };
  let server = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid ?? 0;
    },
    async stop() {
      await kill(server);
      await rm(folder, { recursive: true, force: true });
    },
    pause: () => void server.kill("SIGSTOP"),
    resume: () => void server.kill("SIGCONT"),
    async restartEmpty(downMs = 0) {
      await kill(server);
      await new Promise((resolve) => setTimeout(resolve, downMs));
      server = await start();
    },
  };
}

/** Ends a server whose test run was broken off: the shell reads the end of its input when this process is gone. */
function guard(server: ChildProcess): void {
  const shell = spawn("sh", ["-c", `read -r _; kill -9 ${server.pid}`], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  server.once("exit", () => shell.kill("SIGKILL"));
}

const running = (server: ChildProcess): boolean => server.exitCode === null && server.signalCode === null;

/** SIGKILL ends a frozen process too. */
async function kill(server: ChildProcess): Promise<void> {
  if (!running(server)) return;
  const exit = once(server, "exit");
  server.kill("SIGKILL");
  await exit;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Waits for a condition of a server, outside of a test; throws where it isn't met within 30 s. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it never became so: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether a Redis answers there, be it that it asks for a password. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    const settle = (answer: boolean): void => {
      socket.destroy();
      // Asked again a little later, not at once.
      setTimeout(() => resolve(answer), answer ? 0 : 20);
    };
    socket.once("data", (reply) => settle(/^(\+PONG|-NOAUTH)/.test(reply.toString())));
    socket.once("error", () => settle(false));
    socket.setTimeout(1_000, () => settle(false));
  });
}

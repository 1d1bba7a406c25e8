import { connect } from "node:net";
import { type ServerProcess, startServer } from "./server-process.js";

/** By default it keeps nothing on disk: after `restart` it is empty. */
export interface RedisServer extends ServerProcess {
  readonly url: string;
}

/** Starts a redis-server on the loopback, by default on a free port. */
export async function startRedis(
  program = "redis-server",
  settings: readonly string[] = [],
  onPort?: number,
): Promise<RedisServer> {
  const fixed = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = await startServer(
    { command: (port) => [program, "--port", `${port}`, ...fixed, ...settings], answers },
    onPort,
  );
  return Object.assign(server, { url: `redis://127.0.0.1:${server.port}` });
}

/** Waits for a condition of a server, outside of a test. Throws if it does not hold within 30 s. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it never became so: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether a Redis answers there, even if it asks for a password. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", (reply) => settle(/^(\+PONG|-NOAUTH)/.test(reply.toString())));
    socket.once("error", () => settle(false));
    socket.setTimeout(1_000, () => settle(false));
  });
}

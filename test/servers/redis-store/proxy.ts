import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface Proxy {
  readonly port: number;
  readonly url: string;
  /** How many connections to it are open now. */
  open(): number;
  /** Existing connections become silent, without a word to either end; new ones work. */
  silence(): void;
  /** New connections lead to another server, as behind an address that moves; existing ones stay. */
  turnTo(port: number): void;
  close(): Promise<void>;
}

/**
 * Stands before a server on the loopback, by default on a free port. Without a port to pass on to it accepts and never
 * answers.
 */
export async function startProxy(to?: number, onPort = 0): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let target = to;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    if (target === undefined) {
      socket.resume();
      return;
    }
    const upstream = connect(target, "127.0.0.1").on("error", () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
    socket.on("close", () => upstream.destroy());
    upstream.on("close", () => socket.destroy());
  }).listen(onPort, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    open: () => sockets.size,
    silence() {
      for (const socket of sockets) socket.unpipe().resume().write = () => true;
    },
    turnTo(port) {
      target = port;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

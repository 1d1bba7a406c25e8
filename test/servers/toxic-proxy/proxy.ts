import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { Pipe } from "./pipe.js";
import { type Direction, type Toxic, Toxics } from "./toxics.js";

export interface ToxicProxy {
  readonly port: number;
  /** How many connections to it are open now. */
  readonly open: number;
  /** Returns a function that removes it. */
  add(toxic: Toxic, direction?: Direction | "both"): Promise<() => Promise<void>>;
  /** Takes all toxics away. */
  heal(): Promise<void>;
  /** New connections go to another port, as after a failover; existing ones end. */
  retarget(port: number): void;
  /** Resets every connection. */
  cut(): void;
  close(): Promise<void>;
}

/** Stands before a server on the loopback, and does to its connections what a network may do. */
export async function startToxicProxy(to: number): Promise<ToxicProxy> {
  const toxics = new Toxics();
  const clients = new Set<Socket>();

  const accept = (client: Socket): void => {
    const server = connect({ port: to, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    clients.add(client);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => {
        clients.delete(client);
        // Its pipe knows which end closed first.
        if (!one.readableEnded) other.destroy();
      });
    }
    new Pipe(client, server, "up", toxics);
    new Pipe(server, client, "down", toxics);
  };
  const listen = async (on: number): Promise<Server> => {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, accept).listen(on, "127.0.0.1");
    await once(server, "listening");
    return server;
  };
  const cut = (): void => {
    for (const client of clients) client.resetAndDestroy();
  };

  let server: Server | undefined = await listen(0);
  const { port } = server.address() as { port: number };
  /** Accepts connections or not, as the toxics say. */
  const follow = async (): Promise<void> => {
    const down = toxics.find("down", "up") !== undefined;
    if (down && server !== undefined) {
      const closing = server;
      server = undefined;
      cut();
      await new Promise((resolve) => closing.close(resolve));
    } else if (!down && server === undefined) server = await listen(port);
  };

  return {
    port,
    get open() {
      return clients.size;
    },
    async add(toxic, direction = "both") {
      const remove = toxics.add(toxic, toxic.kind === "down" ? "both" : direction);
      await follow();
      return async () => {
        remove();
        await follow();
      };
    },
    async heal() {
      toxics.clear();
      await follow();
    },
    retarget(next) {
      to = next;
      cut();
    },
    cut,
    async close() {
      cut();
      await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    },
  };
}

import { connect as dial } from "node:net";
import { type KV, Kvm, type KvOptions } from "@nats-io/kv";
import { type ConnectionOptions, connect, type NatsConnection } from "@nats-io/transport-node";
import type { Store } from "../../../src/options/store.js";
import { type NatsStoreOptions, natsStore } from "../../../src/stores/nats.js";
import { type ServerProcess, startServer } from "../server-process.js";

/** Starts a nats-server with JetStream on the loopback, which keeps its files in its own folder. */
export function startNats(program = "nats-server", ...settings: readonly string[]): Promise<ServerProcess> {
  return startServer({
    command: (port, folder) => [
      program,
      "-a",
      "127.0.0.1",
      "-p",
      `${port}`,
      "-js",
      "-sd",
      folder,
      ...settings,
    ],
    answers: greets,
  });
}

/** Whether it says INFO, as a NATS server does first, and JetStream is ready by then. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial(port, "127.0.0.1");
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", (text) => settle(/^INFO .*"jetstream":true/.test(text.toString())));
    socket.once("error", () => settle(false));
    socket.setTimeout(1_000, () => settle(false));
  });
}

/** As in the documentation: the client reconnects, and notices a silent connection. */
export const connectTo = (port: number, options: ConnectionOptions = {}): Promise<NatsConnection> =>
  connect({
    servers: `127.0.0.1:${port}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    pingInterval: 1_000,
    ...options,
  });

export const BUCKET: Partial<KvOptions> = { history: 1, allow_direct: false };

export interface OpenNats {
  readonly connection: NatsConnection;
  readonly kv: KV;
  readonly store: Store;
  close(): Promise<void>;
}

/** A process's own connection, bucket and store. */
export async function open(
  port: number,
  options?: NatsStoreOptions,
  bucket: Partial<KvOptions> = BUCKET,
  login: ConnectionOptions = {},
): Promise<OpenNats> {
  const connection = await connectTo(port, login);
  const kv = await new Kvm(connection).create("failfast", bucket);
  return { connection, kv, store: natsStore(kv, options), close: () => connection.close() };
}

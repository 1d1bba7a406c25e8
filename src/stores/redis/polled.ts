import type { Awaitable } from "../../options/store.js";
import { type Connection, notReady } from "./connection.js";

/** The part of `GlideClient` and `GlideClusterClient` of `@valkey/valkey-glide` that the store uses. */
export interface ValkeyGlideClient {
  customCommand(command: string[]): Promise<unknown>;
  invokeScript: unknown;
  /** Only a Cluster's client has it. */
  pubsubShardChannels?: unknown;
}

/** The part of `Bun.RedisClient` that the store uses. */
export interface BunRedisClient {
  readonly connected: boolean;
  connect(): Awaitable<unknown>;
  send(command: string, args: string[]): Promise<unknown>;
}

/** A connection without `subscribe`, because a subscription of these clients would keep the process alive. */
export type PolledConnection = Omit<Connection, "subscribe">;

/** The connection, if it is a client of valkey-glide or Bun, recognised by its methods. */
export function polled(given: object): PolledConnection | undefined {
  const client = given as Partial<ValkeyGlideClient & BunRedisClient>;
  if (typeof client.customCommand === "function" && typeof client.invokeScript === "function")
    return connection(
      (words) => (given as ValkeyGlideClient).customCommand(words),
      typeof client.pubsubShardChannels === "function",
    );
  if (typeof client.connected === "boolean" && [client.send, client.connect].every(isFunction))
    return connection(bun(given as BunRedisClient), false);
  return undefined;
}

function connection(send: (words: string[]) => Promise<unknown>, cluster: boolean): PolledConnection {
  let database: number | undefined;
  return {
    keyPrefix: "",
    cluster,
    get database() {
      return database ?? 0;
    },
    async learnDatabase() {
      if (!cluster) database ??= Number(/\bdb=(\d+)/.exec(String(await send(["CLIENT", "INFO"])))?.[1] ?? 0);
    },
    send: (head, keys, tail) => send([...head, ...keys, ...tail]),
  };
}

/** Bun connects at the first command, and queues commands while it isn't connected. */
function bun(client: BunRedisClient): (words: string[]) => Promise<unknown> {
  let starting: Promise<unknown> | undefined;
  return async ([command = "", ...args]) => {
    starting ??= Promise.resolve(client.connected || client.connect()).catch(() => {});
    await starting;
    if (client.connected) return client.send(command, args);
    throw notReady("it is not connected", "connect() it, where it doesn't go on by itself");
  };
}

const isFunction = (verb: unknown): boolean => typeof verb === "function";

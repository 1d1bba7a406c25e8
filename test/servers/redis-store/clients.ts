import { Redis } from "ioredis";
import { Redis as Valkey } from "iovalkey";
import { createClient, createClientPool } from "redis";
import type { StoreEntry } from "../../../src/options/store.js";
import type { RedisClient } from "../../../src/stores/redis.js";

/** A connected client of the caller's. */
export interface OpenClient {
  readonly client: RedisClient;
  command(...args: string[]): Promise<unknown>;
  close(): void;
}

export interface ClientSettings {
  readonly keyPrefix?: string;
  readonly resp?: 2 | 3;
}

export interface Library {
  readonly name: string;
  open(url: string, settings?: ClientSettings): Promise<OpenClient>;
  /** A client that is not connected yet. */
  unconnected(url: string): RedisClient;
}

export const nodeRedis: Library = {
  name: "node-redis",
  async open(url, { keyPrefix = "", resp = 3 } = {}) {
    const client = createClient({ url, RESP: resp, keyPrefix });
    client.on("error", ignore);
    await client.connect();
    return {
      client,
      command: (...args) => client.sendCommand(args),
      close: () => client.destroy(),
    };
  },
  unconnected: (url) => createClient({ url }),
};

export const ioredis: Library = {
  name: "ioredis",
  async open(url, { keyPrefix = "", resp = 3 } = {}) {
    const client = lazyIoredis(url, { keyPrefix, protocol: resp });
    await client.connect();
    return {
      client,
      command: (command, ...args) => client.call(command as string, ...args),
      close: () => client.disconnect(),
    };
  },
  unconnected: (url) => lazyIoredis(url),
};

/** It speaks RESP2 only. */
const iovalkey: Library = {
  name: "iovalkey",
  async open(url, { keyPrefix = "" } = {}) {
    const client = new Valkey(url, { lazyConnect: true, keyPrefix });
    client.on("error", ignore);
    await client.connect();
    return {
      client,
      command: (command, ...args) => client.call(command as string, ...args),
      close: () => client.disconnect(),
    };
  },
  unconnected: (url) => new Valkey(url, { lazyConnect: true }).on("error", ignore),
};

const nodeRedisPool: Library = {
  name: "node-redis's pool",
  async open(url, { keyPrefix = "", resp = 3 } = {}) {
    const client = createClientPool({ url, RESP: resp, keyPrefix }, { minimum: 2 });
    client.on("error", ignore);
    await client.connect();
    return {
      client,
      command: (...args) => client.sendCommand(args),
      close: () => client.destroy(),
    };
  },
  unconnected: (url) => createClientPool({ url }),
};

export const libraries: readonly Library[] = [nodeRedis, ioredis, iovalkey];

/** Each client with each protocol it speaks. */
export const protocols: readonly { name: string; library: Library; settings: ClientSettings }[] = [
  { name: "node-redis, RESP3", library: nodeRedis, settings: { resp: 3 } },
  { name: "node-redis, RESP2", library: nodeRedis, settings: { resp: 2 } },
  { name: "node-redis's pool, RESP3", library: nodeRedisPool, settings: { resp: 3 } },
  { name: "node-redis's pool, RESP2", library: nodeRedisPool, settings: { resp: 2 } },
  { name: "ioredis, RESP3", library: ioredis, settings: { resp: 3 } },
  { name: "ioredis, RESP2", library: ioredis, settings: { resp: 2 } },
  { name: "iovalkey", library: iovalkey, settings: {} },
];

/** An ioredis client that connects with its first command. */
function lazyIoredis(url: string, settings: { keyPrefix?: string; protocol?: 2 | 3 } = {}): Redis {
  const client = new Redis(url, { lazyConnect: true, ...settings });
  client.on("error", ignore);
  return client;
}

/** A client without a listener for its errors would end the process. */
export const ignore = (): void => {};

/** A watcher that remembers what it was told. */
export function remember(): {
  readonly changes: StoreEntry[];
  gaps: number;
  change(entry: StoreEntry): void;
  gap(): void;
} {
  return {
    changes: [],
    gaps: 0,
    change(entry) {
      this.changes.push(entry);
    },
    gap() {
      this.gaps += 1;
    },
  };
}

/** How long `expect.poll` waits for a change. */
export const soon = { timeout: 40_000, interval: 10 };

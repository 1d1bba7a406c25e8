import type { Store } from "../../src/index.js";
import { watched } from "./wire.js";

/** The address of a worker's store. */
export interface Place {
  readonly store: "redis" | "postgres" | "mysql" | "memcached" | "nats" | "file";
  /** A URL, a port on the loopback, or a folder. */
  readonly at: string;
}

export type Library = <T>(file: string) => Promise<T>;

/**
 * A process's own client and store. The clients reconnect within a second, which the defaults of some libraries do
 * not. Half of the processes on Redis have ioredis, the others node-redis.
 */
export async function openStore({ store, at }: Place, index: number, library: Library): Promise<Store> {
  switch (store) {
    case "redis": {
      const { redisStore } = await library<typeof import("../../src/stores/redis.js")>("stores/redis.js");
      if (index % 2 === 1) {
        const { Redis } = await import("ioredis");
        const client = new Redis(at, { retryStrategy: () => 500 });
        client.on("error", () => undefined);
        return redisStore(watched(client, ["call"]));
      }
      const { createClient } = await import("redis");
      const client = createClient({ url: at, socket: { reconnectStrategy: 500 } });
      client.on("error", () => undefined);
      await client.connect();
      return redisStore(watched(client, ["sendCommand"]) as never);
    }
    case "postgres": {
      const { postgresStore } =
        await library<typeof import("../../src/stores/postgres.js")>("stores/postgres.js");
      const { Pool } = (await import("pg")).default;
      const pool = new Pool({ connectionString: at, connectionTimeoutMillis: 1_000 });
      pool.on("error", () => undefined);
      return postgresStore(watched(pool, ["query"]));
    }
    case "mysql": {
      const { mysqlStore } = await library<typeof import("../../src/stores/mysql.js")>("stores/mysql.js");
      const { createPool } = await import("mysql2/promise");
      const pool = createPool({ uri: at, connectTimeout: 1_000 });
      return watched(mysqlStore(pool), ["get", "set", "swap", "list"]);
    }
    case "memcached": {
      const { memcachedStore } =
        await library<typeof import("../../src/stores/memcached.js")>("stores/memcached.js");
      const { default: Memcached } = await import("memcached");
      const client = new Memcached(at, {
        timeout: 1_000,
        retries: 0,
        retry: 1_000,
        failures: 1e9,
        failuresTimeout: 1_000,
      } as never);
      const idle = 5_000;
      return memcachedStore(watched(client, ["getMulti", "gets", "set", "add", "cas"], idle) as never);
    }
    case "nats": {
      const { natsStore } = await library<typeof import("../../src/stores/nats.js")>("stores/nats.js");
      const [{ connect }, { Kvm }] = await Promise.all([
        import("@nats-io/transport-node"),
        import("@nats-io/kv"),
      ]);
      const connection = await connect({
        servers: at,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 200,
        pingInterval: 1_000,
        ignoreClusterUpdates: true,
      });
      const kv = await new Kvm(connection).open("failfast");
      return natsStore(watched(kv, ["get", "put", "delete", "history"]) as never);
    }
    case "file": {
      const { fileStore } = await library<typeof import("../../src/stores/file.js")>("stores/file.js");
      return watched(fileStore(at), ["get", "set", "swap", "list"]);
    }
  }
}

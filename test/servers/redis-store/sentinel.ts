import { writeFile } from "node:fs/promises";
import { Redis } from "ioredis";
import { Redis as Valkey } from "iovalkey";
import { createClient, createSentinel } from "redis";
import type { RedisClient } from "../../../src/stores/redis.js";
import { type ServerProcess, startServer } from "../server-process.js";
import { type RedisServer, startRedis, until } from "../start-redis.js";
import { ignore } from "./clients.js";

/** A master, its replica, and three Sentinels that watch over them under the name "fleet". */
export interface Sentinels {
  readonly ports: readonly number[];
  /** The port of the master, as the Sentinels see it. */
  master(): Promise<number>;
  command(port: number, ...args: string[]): Promise<unknown>;
  /** Kills the master. Resolves once another has been elected. */
  failover(): Promise<void>;
  /** Freezes the master, which stays frozen. Resolves once another has been elected. */
  freeze(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSentinels(program: string): Promise<Sentinels> {
  const first = await startRedis(program);
  const second = await startRedis(program, ["--replicaof", "127.0.0.1", String(first.port)]);
  const servers: readonly RedisServer[] = [first, second];
  const sentinels = await Promise.all(Array.from({ length: 3 }, () => startSentinel(program, first.port)));
  const [sentinel] = sentinels;

  const command = async (port: number, ...args: string[]): Promise<unknown> => {
    const client = await createClient({ url: `redis://127.0.0.1:${port}` })
      .on("error", ignore)
      .connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  };
  const master = async (): Promise<number> => {
    const address = await command(sentinel?.port ?? 0, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "fleet");
    return Number((address as string[])[1]);
  };
  const another = async (lose: (server: RedisServer) => unknown): Promise<void> => {
    const lost = servers.find(({ port }) => port === first.port);
    if (lost) await lose(lost);
    await until(async () => (await master()) === second.port);
    await until(async () => /role:master/.test(String(await command(second.port, "INFO", "replication"))));
  };
  await until(async () =>
    /master_link_status:up/.test(String(await command(second.port, "INFO", "replication"))),
  );
  // Each Sentinel knows the replica and the two others: only then can they elect a master.
  for (const { port } of sentinels) {
    await until(async () => /slaves=1,sentinels=3/.test(String(await command(port, "INFO", "sentinel"))));
  }
  return {
    ports: sentinels.map(({ port }) => port),
    master,
    command,
    failover: () => another((server) => server.stop()),
    freeze: () => another((server) => server.pause()),
    async stop() {
      await Promise.all([...servers, ...sentinels].map((server) => server.stop()));
    },
  };
}

function startSentinel(program: string, master: number): Promise<ServerProcess> {
  return startServer({
    // Sentinel rewrites its own configuration.
    prepare: (folder, port) =>
      writeFile(
        `${folder}/sentinel.conf`,
        [
          `port ${port}`,
          "bind 127.0.0.1",
          `sentinel monitor fleet 127.0.0.1 ${master} 2`,
          "sentinel down-after-milliseconds fleet 500",
          "sentinel failover-timeout fleet 3000",
        ].join("\n"),
      ),
    command: (_port, folder) => [program, `${folder}/sentinel.conf`, "--sentinel"],
    answers: async (port) => {
      const client = createClient({
        url: `redis://127.0.0.1:${port}`,
        socket: { reconnectStrategy: false },
      }).on("error", ignore);
      try {
        await client.connect();
        await client.ping();
        return true;
      } catch {
        return false;
      } finally {
        if (client.isOpen) client.destroy();
      }
    },
  });
}

export interface SentinelLibrary {
  readonly name: string;
  open(ports: readonly number[], keyPrefix?: string): Promise<{ client: RedisClient; close(): unknown }>;
}

/** Without it an ioredis client waits for a frozen master as long as its connection lasts. */
const failoverDetector = true;
const addresses = (ports: readonly number[]) => ports.map((port) => ({ host: "127.0.0.1", port }));

const nodeRedis = (resp: 2 | 3): SentinelLibrary => ({
  name: `createSentinel() of node-redis, RESP${resp}`,
  async open(ports, keyPrefix = "") {
    const client = createSentinel({
      name: "fleet",
      sentinelRootNodes: addresses(ports),
      RESP: resp,
      keyPrefix,
      nodeClientOptions: { database: 2 },
    });
    client.on("error", ignore);
    await client.connect();
    return { client, close: () => client.destroy() };
  },
});

/**
 * A client that finds the failover while it connects may end for good: it is connected again, as the docs say. Returns
 * a function that closes it.
 */
function keptConnected(client: Redis | Valkey): () => void {
  const again = (): void => void client.connect().catch(ignore);
  client.on("end", again);
  return () => {
    client.off("end", again);
    client.disconnect();
  };
}

const ioredis = (protocol: 2 | 3): SentinelLibrary => ({
  name: `sentinels of ioredis, RESP${protocol}`,
  async open(ports, keyPrefix = "") {
    const client = new Redis({
      name: "fleet",
      sentinels: addresses(ports),
      protocol,
      keyPrefix,
      db: 2,
      failoverDetector,
    });
    client.on("error", ignore);
    return { client, close: keptConnected(client) };
  },
});

const iovalkey: SentinelLibrary = {
  name: "sentinels of iovalkey",
  async open(ports, keyPrefix = "") {
    const client = new Valkey({
      name: "fleet",
      sentinels: addresses(ports),
      keyPrefix,
      db: 2,
      failoverDetector,
    });
    client.on("error", ignore);
    return { client, close: keptConnected(client) };
  },
};

export const sentinelLibraries: readonly SentinelLibrary[] = [nodeRedis(3), ioredis(2), iovalkey];

/** A failover takes long: these clients run the store contract without one. */
export const contractLibraries: readonly SentinelLibrary[] = [nodeRedis(2), ioredis(3)];

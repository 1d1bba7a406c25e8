import { Cluster } from "ioredis";
import { Cluster as ValkeyCluster } from "iovalkey";
import { createClient, createCluster } from "redis";
import type { RedisClient } from "../../../src/stores/redis.js";
import { freePort } from "../server-process.js";
import { type RedisServer, startRedis, until } from "../start-redis.js";
import { ignore } from "./clients.js";

/** A Cluster of three masters, and a replica of the last of them. */
export interface RedisCluster {
  readonly ports: readonly number[];
  readonly replica: RedisServer;
  command(port: number, ...args: string[]): Promise<unknown>;
  /** The port of the master that has the slot of a key. */
  ownerOf(key: string): Promise<number>;
  /** Moves the slot of a key to another master, in the steps of redis-cli. */
  move(key: string, to: number): Promise<Migration>;
  stopNode(port: number): Promise<void>;
  stop(): Promise<void>;
}

/** A slot that is being moved. */
export interface Migration {
  /** Moves a number of its keys, or all of them. */
  keys(count?: number): Promise<void>;
  /** Tells every master who has it. */
  finish(): Promise<void>;
}

const SLOTS = 16_384;

export async function startCluster(program: string | undefined): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: 4 }, () => startNode(program)));
  const admins = new Map(
    await Promise.all(
      nodes.map(async ({ port, url }) => {
        const admin = await createClient({ url }).on("error", ignore).connect();
        return [port, admin] as const;
      }),
    ),
  );
  const command = async (port: number, ...args: string[]): Promise<unknown> =>
    admins.get(port)?.sendCommand(args);
  const ports = nodes.map(({ port }) => port).slice(0, 3);
  const [first = 0, , third = 0] = ports;
  const [, , , replica] = nodes;
  if (replica === undefined) throw new Error("a Cluster has four nodes");

  const each = Math.ceil(SLOTS / ports.length);
  for (const [index, port] of ports.entries()) {
    const last = Math.min(SLOTS, (index + 1) * each) - 1;
    await command(port, "CLUSTER", "ADDSLOTSRANGE", String(index * each), String(last));
    await command(port, "CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
  }
  for (const { port, bus } of nodes.slice(1))
    await command(first, "CLUSTER", "MEET", "127.0.0.1", String(port), String(bus));

  const idOf = async (port: number): Promise<string> => String(await command(port, "CLUSTER", "MYID"));
  const knows = async (port: number): Promise<number> =>
    String(await command(port, "CLUSTER", "NODES"))
      .split("\n")
      .filter((line) => / connected/.test(line) && !/handshake/.test(line)).length;
  for (const { port } of nodes) await until(async () => (await knows(port)) === nodes.length);
  await command(replica.port, "CLUSTER", "REPLICATE", await idOf(third));
  const says = (port: number, pattern: RegExp, ...question: string[]): Promise<void> =>
    until(async () => pattern.test(String(await command(port, ...question))));
  for (const { port } of nodes) {
    await says(port, /cluster_state:ok/, "CLUSTER", "INFO");
    await says(port, /slave/, "CLUSTER", "NODES");
  }
  await says(replica.port, /master_link_status:up/, "INFO", "replication");

  const slotOf = async (key: string): Promise<number> =>
    Number(await command(first, "CLUSTER", "KEYSLOT", key));
  const ownerOf = async (key: string): Promise<number> => {
    const slot = await slotOf(key);
    const ranges = (await command(first, "CLUSTER", "SLOTS")) as [number, number, [string, number]][];
    const range = ranges.find(([from, to]) => from <= slot && slot <= to);
    return range?.[2][1] ?? 0;
  };

  return {
    ports,
    replica,
    command,
    ownerOf,
    async move(key, to) {
      const slot = String(await slotOf(key));
      const from = await ownerOf(key);
      const [source, target] = await Promise.all([idOf(from), idOf(to)]);
      await command(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", source);
      await command(from, "CLUSTER", "SETSLOT", slot, "MIGRATING", target);
      const keys = async (count = 10_000): Promise<void> => {
        const found = (await command(from, "CLUSTER", "GETKEYSINSLOT", slot, String(count))) as string[];
        if (found.length > 0)
          await command(from, "MIGRATE", "127.0.0.1", String(to), "", "0", "5000", "KEYS", ...found);
      };
      return {
        keys,
        async finish() {
          await keys();
          for (const port of [to, from, ...ports.filter((port) => port !== to && port !== from)])
            await command(port, "CLUSTER", "SETSLOT", slot, "NODE", target);
        },
      };
    },
    async stopNode(port) {
      admins.get(port)?.destroy();
      admins.delete(port);
      await nodes.find((node) => node.port === port)?.stop();
    },
    async stop() {
      for (const admin of admins.values()) admin.destroy();
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

/** The port of the bus is a free one: the usual one, 10 000 higher, may not exist. */
async function startNode(program: string | undefined): Promise<RedisServer & { readonly bus: number }> {
  const bus = await freePort();
  const server = await startRedis(program, [
    ...["--cluster-enabled", "yes", "--cluster-port", String(bus)],
    ...["--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no"],
  ]);
  return Object.assign(server, { bus });
}

export interface ClusterLibrary {
  readonly name: string;
  open(ports: readonly number[], keyPrefix?: string): Promise<{ client: RedisClient; close(): void }>;
}

const nodeRedis = (resp: 2 | 3): ClusterLibrary => ({
  name: `createCluster() of node-redis, RESP${resp}`,
  async open(ports, keyPrefix = "") {
    const rootNodes = ports.map((port) => ({ url: `redis://127.0.0.1:${port}` }));
    const client = createCluster({ rootNodes, RESP: resp, keyPrefix, useReplicas: true });
    client.on("error", ignore);
    await client.connect();
    return { client, close: () => client.destroy() };
  },
});

const ioredis = (protocol: 2 | 3): ClusterLibrary => ({
  name: `Cluster of ioredis, RESP${protocol}`,
  async open(ports, keyPrefix = "") {
    const client = new Cluster([...ports], { scaleReads: "slave", redisOptions: { protocol, keyPrefix } });
    client.on("error", ignore);
    return { client, close: () => client.disconnect() };
  },
});

const iovalkey: ClusterLibrary = {
  name: "Cluster of iovalkey",
  async open(ports, keyPrefix = "") {
    const client = new ValkeyCluster([...ports], { scaleReads: "slave", redisOptions: { keyPrefix } });
    client.on("error", ignore);
    return { client, close: () => client.disconnect() };
  },
};

/** All clients prefer replicas for reads, which the store must not do. */
export const clusterLibraries: readonly ClusterLibrary[] = [
  nodeRedis(3),
  nodeRedis(2),
  ioredis(3),
  ioredis(2),
  iovalkey,
];

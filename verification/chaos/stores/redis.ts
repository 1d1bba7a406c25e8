import { createClient } from "redis";
import { type RedisServer, startRedis } from "../../../test/servers/start-redis.js";
import { startToxicProxy, type ToxicProxy } from "../../../test/servers/toxic-proxy/proxy.js";
import { until } from "../fleet.js";
import type { Subject } from "../subject.js";

export interface RedisSubject extends Subject {
  /** The current master. */
  readonly server: RedisServer;
  readonly proxy: ToxicProxy;
  /** A command of an administrator, on a connection of its own without a proxy. */
  command(...args: string[]): Promise<unknown>;
  /** Commands on one connection, until it is ended. */
  session(): Promise<{ command(...args: string[]): Promise<unknown>; end(): void }>;
  /** A replica that has everything up to now, and nothing later. Returns a function that makes it the master. */
  detachReplica(): Promise<() => Promise<void>>;
}

const USER = ["--user", "fleet", "on", ">fleet", "~*", "&*", "+@all", "--enable-debug-command", "yes"];

export async function redisSubject(): Promise<RedisSubject> {
  let master = await startRedis("redis-server", USER);
  const proxy = await startToxicProxy(master.port);
  const command = (...args: string[]): Promise<unknown> => once(master.port, args);
  return {
    name: "redis",
    place: { store: "redis", at: `redis://fleet:fleet@127.0.0.1:${proxy.port}` },
    pollMs: 0,
    get server() {
      return master;
    },
    proxy,
    command,
    session: () => session(master.port),
    read: async (key) => (await command("GET", `failfast:${key}`)) as string | null,
    async detachReplica() {
      const of = ["--replicaof", "127.0.0.1", String(master.port), "--repl-diskless-sync-delay", "0"];
      const replica = await startRedis("redis-server", [...USER, ...of]);
      const upToDate = async (): Promise<boolean> =>
        String(await once(replica.port, ["INFO", "replication"])).includes("master_link_status:up");
      await until(upToDate, "the replica had everything", 20_000);
      await once(replica.port, ["REPLICAOF", "NO", "ONE"]);
      return async () => {
        const lost = master;
        master = replica;
        proxy.retarget(replica.port);
        await lost.stop();
      };
    },
    async stop() {
      await proxy.close();
      await master.stop();
    },
  };
}

async function session(port: number): ReturnType<RedisSubject["session"]> {
  const client = createClient({
    url: `redis://127.0.0.1:${port}`,
    socket: { reconnectStrategy: false, connectTimeout: 5_000 },
  });
  client.on("error", () => undefined);
  await client.connect();
  return { command: (...args) => client.sendCommand(args), end: () => client.destroy() };
}

/** One command on a connection of its own, which no fault of the server's clients affects. */
async function once(port: number, args: readonly string[]): Promise<unknown> {
  const { command, end } = await session(port);
  try {
    return await command(...args);
  } finally {
    end();
  }
}

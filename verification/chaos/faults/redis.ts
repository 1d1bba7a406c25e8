import { freePort } from "../../../test/servers/server-process.js";
import type { RedisSubject } from "../stores/redis.js";
import { type Fault, repeatedly, spoiled } from "../subject.js";
import { frozen, killed, restarted } from "./servers.js";

const MEGABYTE = "x".repeat(1_000_000);

/** A setting for the time of the fault. */
const configured = (name: string, ...settings: readonly [string, string, string][]): Fault<RedisSubject> => ({
  name,
  async inject({ command }) {
    for (const [setting, broken] of settings) await command("CONFIG", "SET", setting, broken);
    return async () => {
      for (const [setting, , well] of settings) await command("CONFIG", "SET", setting, well);
    };
  },
});

/** The permissions of the fleet's user for the time of the fault. */
const entitled = (name: string, broken: string[], well: string[]): Fault<RedisSubject> => ({
  name,
  async inject({ command }) {
    await command("ACL", "SETUSER", "fleet", ...broken);
    await command("CLIENT", "KILL", "USER", "fleet");
    return () => command("ACL", "SETUSER", "fleet", ...well);
  },
});

/** Stops replication, as in a replica that a failover has just made the master. */
async function demote({ command }: RedisSubject): Promise<() => Promise<unknown>> {
  await command("REPLICAOF", "127.0.0.1", String(await freePort()));
  return () => command("REPLICAOF", "NO", "ONE");
}

const spoilt = (
  name: string,
  spoil: (subject: RedisSubject, key: string) => Promise<unknown>,
  large = false,
): Fault<RedisSubject> => ({
  name,
  async inject(subject, round) {
    for (const key of spoiled(round, large)) await spoil(subject, `failfast:${key}`);
    return () => undefined;
  },
});

export const redisFaults: readonly Fault<RedisSubject>[] = [
  killed("killed, and started again empty", { quick: true, loses: true }),
  restarted("restarted empty at once", { loses: true }),
  frozen({ quick: true }),
  {
    name: "flushed while open",
    loses: true,
    async inject({ command }) {
      await command("FLUSHALL");
      return () => undefined;
    },
  },
  {
    name: "subscribers killed every 200 ms",
    quick: true,
    inject: ({ command }) => repeatedly(200, () => command("CLIENT", "KILL", "TYPE", "pubsub")),
  },
  {
    name: "all connections killed every 200 ms",
    inject: ({ command }) => repeatedly(200, () => command("CLIENT", "KILL", "USER", "fleet")),
  },
  {
    name: "CLIENT PAUSE of everything",
    async inject({ command }, { ms }) {
      await command("CLIENT", "PAUSE", String(ms), "ALL");
      return () => undefined;
    },
  },
  {
    name: "CLIENT PAUSE of writes",
    async inject({ command }) {
      await command("CLIENT", "PAUSE", "3600000", "WRITE");
      return () => command("CLIENT", "UNPAUSE");
    },
  },
  {
    name: "DEBUG SLEEP",
    inject({ command }, { ms }) {
      const slept = command("DEBUG", "SLEEP", String(ms / 1_000));
      return () => slept;
    },
  },
  {
    name: "busy with somebody's script",
    async inject({ command }) {
      await command("CONFIG", "SET", "busy-reply-threshold", "50");
      const busy = command("EVAL", "while true do end", "0").catch(() => undefined);
      return async () => {
        await command("SCRIPT", "KILL");
        await busy;
      };
    },
  },
  { name: "read-only: a replica by now", quick: true, inject: demote },
  {
    name: "a replica without its master, which answers nothing",
    async inject(subject) {
      await subject.command("CONFIG", "SET", "replica-serve-stale-data", "no");
      const promote = await demote(subject);
      return async () => {
        await promote();
        await subject.command("CONFIG", "SET", "replica-serve-stale-data", "yes");
      };
    },
  },
  configured("too few replicas to write", ["min-replicas-to-write", "1", "0"]),
  configured("out of memory, evicting nothing", ["maxmemory", "1", "0"]),
  {
    ...configured(
      "out of memory, evicting everything",
      ["maxmemory-policy", "allkeys-lru", "noeviction"],
      ["maxmemory", "1", "0"],
    ),
    loses: true,
  },
  entitled("credentials revoked", ["off"], ["on"]),
  entitled("scripts forbidden", ["-evalsha", "-eval"], ["+evalsha", "+eval"]),
  entitled("channels forbidden", ["resetchannels"], ["allchannels"]),
  spoilt("a record of the wrong type", async ({ command }, key) => {
    await command("DEL", key);
    await command("RPUSH", key, "x");
  }),
  spoilt("a megabyte in place of a record", ({ command }, key) => command("SET", key, MEGABYTE), true),
  spoilt("rubbish in place of a record", ({ command }, key) => command("SET", key, "{")),
  {
    name: "the index of the records lost",
    loses: true,
    async inject({ command }) {
      await command("DEL", "failfast:@index");
      return () => undefined;
    },
  },
  {
    name: "scripts forgotten every 50 ms",
    inject: ({ command }) => repeatedly(50, () => command("SCRIPT", "FLUSH")),
  },
  {
    name: "connection limit reached",
    async inject({ session }) {
      const { command, end } = await session();
      await command("CONFIG", "SET", "maxclients", "2");
      await command("CLIENT", "KILL", "USER", "fleet");
      return async () => {
        await command("CONFIG", "SET", "maxclients", "10000");
        end();
      };
    },
  },
  configured("subscribers cut off for reading too slowly", [
    "client-output-buffer-limit",
    "pubsub 1 1 1",
    "pubsub 33554432 8388608 60",
  ]),
  {
    name: "failed over, with the last write lost",
    loses: true,
    inject: ({ detachReplica }) => detachReplica(),
  },
];

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listAll } from "../../../src/stores/list-all.fixture.js";
import { redisStore } from "../../../src/stores/redis.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { libraries, type OpenClient, remember, soon } from "./clients.js";

const redisServer = requireProgram("redis-server");

describe.skipIf(!redisServer).each(libraries)("access with $name", (library) => {
  let server: RedisServer;
  let admin: OpenClient;
  const as = (user: string) => server.url.replace("//", `//${user}:secret@`);
  /** A user who may do everything except what the rules take away. */
  const user = (name: string, ...rules: string[]) =>
    admin.command(
      "ACL",
      "SETUSER",
      name,
      "reset",
      "on",
      ">secret",
      "~failfast:*",
      "&failfast@*",
      "+@all",
      ...rules,
    );
  const connections = async (type: string) => {
    const list = String(await admin.command("CLIENT", "LIST", "TYPE", type));
    return list.split("\n").filter((line) => line !== "").length;
  };

  beforeAll(async () => {
    server = await startRedis(redisServer, ["--requirepass", "admin"]);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    admin = await library.open(server.url.replace("//", "//:admin@"));
    await admin.command("FLUSHALL");
  });
  afterEach(() => admin.close());

  it("a user with only the store's keys, channel and commands has all six verbs", async () => {
    const needed = [
      ...["evalsha", "eval", "time", "get", "mget", "set", "del", "pttl", "pexpire"],
      ...["zadd", "zrem", "zrangebyscore", "zscore"],
      ...["publish", "subscribe", "ping"],
    ];
    // Commands that the clients themselves need to connect.
    const connecting = ["hello", "auth", "info", "client"];
    await user("app", "-@all", ...[...needed, ...connecting].map((command) => `+${command}`));
    const own = await library.open(as("app"));
    const store = redisStore(own.client);
    const seen = remember();
    const handle = await store.watch?.("", seen);
    expect(await store.swap?.("a", null, "1", 60_000)).toMatchObject({ ok: true });
    await store.set("b", "1", 60_000);
    expect(await store.get("a")).toBe("1");
    await store.delete("a");
    expect(await listAll(store)).toMatchObject([{ key: "b", value: "1" }]);
    await expect.poll(() => seen.changes.map(({ key }) => key), soon).toEqual(["a", "b"]);
    await handle?.[Symbol.asyncDispose]();
    own.close();
  });

  it.each([
    ["the command", "-publish"],
    ["the channel", "resetchannels"],
  ])("writes succeed even if PUBLISH is forbidden (%s)", async (_, rule) => {
    await user("app", rule);
    const own = await library.open(as("app"));
    const store = redisStore(own.client);
    const seen = remember();
    const handle = await redisStore(admin.client).watch?.("", seen);
    expect(await store.swap?.("a", null, "1", 60_000)).toMatchObject({ ok: true, value: "1" });
    await store.set("b", "2", 60_000);
    expect([await store.get("a"), await store.get("b")]).toEqual(["1", "2"]);
    await redisStore(admin.client).set("c", "3", 60_000);
    await expect.poll(() => seen.changes.map(({ key }) => key), soon).toEqual(["c"]);
    await handle?.[Symbol.asyncDispose]();
    own.close();
  });

  it("swap is an error and writes nothing if the keys are forbidden", async () => {
    await user("app", "resetkeys", "~elsewhere:*");
    const own = await library.open(as("app"));
    await expect(redisStore(own.client).swap?.("a", null, "1", 60_000)).rejects.toThrow(/NOPERM/);
    expect(await admin.command("DBSIZE")).toBe(0);
    own.close();
  });

  it("watch rejects and leaves no connection if SUBSCRIBE is forbidden", async () => {
    await user("app", "resetchannels");
    const own = await library.open(as("app"));
    await expect(redisStore(own.client).watch?.("", remember())).rejects.toThrow(/"failfast@0": NOPERM/);
    await expect.poll(() => connections("NORMAL"), soon).toBe(2);
    expect(await connections("PUBSUB")).toBe(0);
    own.close();
  });

  it("commands and watch are errors with wrong credentials, and no connection is left", async () => {
    const client = library.unconnected(as("nobody"));
    const store = redisStore(client);
    await expect(store.watch?.("", remember())).rejects.toThrow(/"failfast@0": WRONGPASS/);
    await expect(store.get("a")).rejects.toThrow(/WRONGPASS|not ready/);
    if ("disconnect" in client) (client.disconnect as () => void)();
    await expect.poll(() => connections("NORMAL"), soon).toBe(1);
  });

  it("a user who loses access and gets it back is subscribed again, after a gap", async () => {
    await user("app");
    const own = await library.open(as("app"));
    const seen = remember();
    const handle = await redisStore(own.client).watch?.("", seen);
    await admin.command("ACL", "SETUSER", "app", "off", "resetpass");
    await admin.command("CLIENT", "KILL", "TYPE", "PUBSUB");
    // Long enough for several refused attempts.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await connections("PUBSUB")).toBe(0);
    await user("app");
    await expect.poll(() => seen.gaps, soon).toBe(1);
    await redisStore(admin.client).set("a", "1", 60_000);
    await expect.poll(() => seen.changes.length, soon).toBe(1);
    await handle?.[Symbol.asyncDispose]();
    own.close();
  });

  it("a user who loses the right to the channel while it is used is polled for, and said so", async () => {
    await user("app");
    const own = await library.open(as("app"));
    const lost: unknown[] = [];
    const seen = { ...remember(), lost: (error: unknown) => void lost.push(error) };
    const handle = await redisStore(own.client).watch?.("", seen);
    await user("app", "resetchannels");
    await expect.poll(() => String(lost.at(-1)), soon).toMatch(/"failfast@0": NOPERM/);
    await user("app");
    await expect.poll(() => seen.gaps, soon).toBe(1);
    await handle?.[Symbol.asyncDispose]();
    own.close();
  });
});

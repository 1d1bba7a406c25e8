import { setTimeout as lasts } from "node:timers/promises";
import { createClient } from "redis";
import { describe, it } from "vitest";
import { redisStore } from "../../../src/stores/redis.js";
import { type AtEnd, atEndOf } from "../at-end.js";
import { requireProgram } from "../require.js";
import { startRedis } from "../start-redis.js";
import { ignore, type Library, libraries, remember, soon } from "./clients.js";
import { startProxy } from "./proxy.js";

const redisServer = requireProgram("redis-server");
/** A PING goes out at most 6 s after the last one and is given up 2 s later. */
const unnoticedFor = 8_000;
const resubscribed = { timeout: 15_000, interval: 10 };

/** A server of its own, a caller's client and a watcher. `via` is the address of the client. */
async function setUp(
  atEnd: AtEnd,
  library: Library,
  via: (port: number) => Promise<string> | string = (port) => url(port),
) {
  const server = await startRedis(redisServer);
  atEnd(() => server.stop());
  const own = await library.open(await via(server.port));
  atEnd(() => own.close());
  const store = redisStore(own.client);
  const seen = remember();
  const handle = await store.watch?.("", seen);
  atEnd(() => handle?.[Symbol.asyncDispose]());
  return {
    server,
    seen,
    handle,
    /** The caller goes, and its connections with it. */
    async leave(): Promise<void> {
      await handle?.[Symbol.asyncDispose]();
      own.close();
    },
    values: () => seen.changes.map(({ value }) => value),
    /** Written by a client that did not see the outage. */
    async write(value: string): Promise<void> {
      const writer = await library.open(server.url);
      await redisStore(writer.client).set("a", value, 60_000);
      writer.close();
    },
    async command(...args: string[]): Promise<string> {
      const admin = await library.open(server.url);
      const reply = String(await admin.command(...args));
      admin.close();
      return reply;
    },
  };
}

const url = (port: number): string => `redis://127.0.0.1:${port}`;

describe.skipIf(!redisServer).concurrent.each(libraries)("a subscription of $name", (library) => {
  it("survives a freeze of a second without a loss and without a gap", async (context) => {
    const { expect } = context;
    const atEnd = atEndOf(context);
    const { server, seen, values, write } = await setUp(atEnd, library);
    server.pause();
    const writing = write("during");
    await lasts(1_000);
    server.resume();
    await writing;
    await expect.poll(values, soon).toEqual(["during"]);
    expect(seen.gaps).toBe(0);
  });

  it("is live again after a long freeze, and reports a gap", async (context) => {
    const { expect } = context;
    const atEnd = atEndOf(context);
    const { server, seen, values, write } = await setUp(atEnd, library);
    server.pause();
    await lasts(unnoticedFor + 1_000);
    server.resume();
    await expect.poll(() => seen.gaps, resubscribed).toBe(1);
    await write("after");
    await expect.poll(values, soon).toContain("after");
  });

  it("notices a dead silent connection, and opens a new one", async (context) => {
    const { expect } = context;
    const atEnd = atEndOf(context);
    let proxy: Awaited<ReturnType<typeof startProxy>> | undefined;
    const { seen, values, write, leave } = await setUp(atEnd, library, async (port) => {
      proxy = await startProxy(port);
      atEnd(() => proxy?.close());
      return proxy.url;
    });
    proxy?.silence();
    await write("unheard");
    await expect.poll(() => seen.gaps, resubscribed).toBe(1);
    await write("after");
    await expect.poll(values, soon).toEqual(["after"]);
    await leave();
    await expect.poll(() => proxy?.open(), soon).toBe(0);
  });

  it("is live again each time Redis was killed and restarted", async (context) => {
    const { expect } = context;
    const atEnd = atEndOf(context);
    const { server, seen, values, write } = await setUp(atEnd, library);
    for (const [round, downMs] of [0, 500, 2_500].entries()) {
      await server.restart(downMs);
      await expect.poll(() => seen.gaps, resubscribed).toBe(round + 1);
      await write(`round ${round}`);
      await expect.poll(values, soon).toContain(`round ${round}`);
    }
  });

  it("is live again each time its connection was killed", async (context) => {
    const { expect } = context;
    const atEnd = atEndOf(context);
    const { seen, values, write, command } = await setUp(atEnd, library);
    for (let round = 0; round < 4; round += 1) {
      expect(await command("CLIENT", "KILL", "TYPE", "PUBSUB")).toBe("1");
      await expect.poll(() => seen.gaps, resubscribed).toBe(round + 1);
      await write(`round ${round}`);
      await expect.poll(values, soon).toContain(`round ${round}`);
    }
  });

  it("that was disposed during an outage does not come back", async (context) => {
    const { expect } = context;
    const atEnd = atEndOf(context);
    const { server, seen, handle, command } = await setUp(atEnd, library);
    const back = server.restart(1_000);
    await lasts(500);
    await handle?.[Symbol.asyncDispose]();
    await back;
    // Longer than the longest pause between two attempts.
    await lasts(2_500);
    expect(await command("CLIENT", "LIST", "TYPE", "PUBSUB")).toBe("");
    expect(seen.gaps).toBe(0);
  });

  it("that can't be made is an error, and leaves no connection", async (context) => {
    const { expect } = context;
    const atEnd = atEndOf(context);
    const silent = await startProxy();
    atEnd(() => silent.close());
    const watching = redisStore(library.unconnected(silent.url)).watch?.("", remember());
    await expect(watching).rejects.toThrow(/"failfast@0": no answer within 5000 ms/);
    await expect.poll(silent.open, soon).toBe(0);
  });
});

describe.skipIf(!redisServer)("a subscription of node-redis", () => {
  it("that was disposed while its socket was connecting leaves no connection", async (context) => {
    const { expect } = context;
    const atEnd = atEndOf(context);
    const server = await startRedis(redisServer);
    atEnd(() => server.stop());
    const lookups: (() => void)[] = [];
    let held = false;
    const client = createClient({
      // Clients that look the host up themselves.
      maintNotifications: "disabled",
      socket: {
        host: "redis.test",
        port: server.port,
        lookup(_host, _options, found) {
          const answer = () => found(null, [{ address: "127.0.0.1", family: 4 }]);
          if (held) lookups.push(answer);
          else answer();
        },
      },
    });
    await client.on("error", ignore).connect();
    atEnd(() => client.destroy());
    const handle = await redisStore(client).watch?.("", remember());
    const subscribers = () => client.sendCommand(["CLIENT", "LIST", "TYPE", "PUBSUB"]);
    expect(await subscribers()).not.toBe("");
    held = true;
    await client.sendCommand(["CLIENT", "KILL", "TYPE", "PUBSUB"]);
    await expect.poll(() => lookups.length, soon).toBe(1);
    await handle?.[Symbol.asyncDispose]();
    lookups[0]?.();
    // Whether it subscribes after all: each of its steps takes a few milliseconds.
    await lasts(500);
    expect(await subscribers()).toBe("");
    expect(await client.sendCommand(["CLIENT", "LIST"])).toMatch(/^id=.*\n$/);
  });
});

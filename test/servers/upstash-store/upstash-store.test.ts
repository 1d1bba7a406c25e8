import { Redis } from "@upstash/redis";
import { createClient } from "redis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFailfast, type Failfast, type Store } from "../../../src/index.js";
import { listAll } from "../../../src/stores/list-all.fixture.js";
import { redisStore } from "../../../src/stores/redis.js";
import { upstashStore } from "../../../src/stores/upstash.js";
import { ignore, remember, soon } from "../redis-store/clients.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { type Front, startFront } from "./start-front.js";

const redisServer = requireProgram("redis-server");
const healed = { timeout: 40_000, interval: 50 };

describe.skipIf(!redisServer)("upstashStore()", () => {
  let server: RedisServer;
  let front: Front;
  let opened: (() => unknown)[];
  beforeEach(async () => {
    server = await startRedis(redisServer);
    front = await startFront(server.url);
    opened = [];
  });
  afterEach(async () => {
    for (const close of opened.reverse()) await close();
    await front.close();
    await server.stop();
  });

  /** One attempt only: the test needs no later answer. */
  const open = (token = front.token, signal?: () => AbortSignal): Redis =>
    new Redis({ url: front.url, token, retry: false, ...(signal && { signal }) });
  const overTcp = async (): Promise<Store> => {
    const client = await createClient({ url: server.url }).on("error", ignore).connect();
    opened.push(() => client.destroy());
    return redisStore(client);
  };
  const process = (store: Store): Failfast => {
    const failfast = createFailfast({ store });
    opened.push(() => failfast.close());
    failfast("shop", 60);
    return failfast;
  };

  it("is in one fleet with the processes that reach the same Redis over TCP", async () => {
    const [edge, service] = [process(upstashStore(open())), process(await overTcp())];
    await Promise.all([edge.ready(), service.ready()]);
    await edge("shop").trip();
    await expect.poll(() => service("shop").state, soon).toBe("open");
    await service("shop").reset();
    await expect.poll(() => edge("shop").state, soon).toBe("closed");
  });

  it("notifies those who watch over TCP", async () => {
    const seen = remember();
    const handle = await (await overTcp()).watch?.("", seen);
    opened.push(() => handle?.[Symbol.asyncDispose]());
    await upstashStore(open()).set("a", "1", 60_000);
    await expect.poll(() => seen.changes, soon).toMatchObject([{ key: "a", value: "1" }]);
  });

  it("sends the script once, and its hash from then on", async () => {
    const store = upstashStore(open());
    await store.set("a", "1", 60_000);
    await store.set("a", "2", 60_000);
    expect(front.commands).toEqual(["evalsha", "eval", "evalsha"]);
  });

  it("treats a value of the wrong type as absent, and overwrites it", async () => {
    const client = open();
    const store = upstashStore(client);
    await client.lpush("failfast:a", "1");
    expect(await store.get("a")).toBe(null);
    await store.swap?.("a", null, "1", 60_000);
    expect(await store.get("a")).toBe("1");
  });

  it("respects the client's own deadline, after which there is an error", async () => {
    const store = upstashStore(open(front.token, () => AbortSignal.timeout(50)));
    front.freeze();
    await expect(store.get("a")).rejects.toThrow();
    const constant = new Redis({
      url: front.url,
      token: front.token,
      enableAutoPipelining: false,
      signal: AbortSignal.abort("late"),
    });
    await expect(upstashStore(constant).swap?.("a", null, "1", 60_000)).rejects.toThrow(
      "no answer of its script",
    );
  });

  it.each([
    ["the wrong token", () => open("wrong")],
    ["nobody there", () => new Redis({ url: "http://127.0.0.1:9", token: "secret", retry: false })],
  ])("with %s lets calls go on, and a circuit that is open here stays open here", async (_what, client) => {
    const failfast = process(upstashStore(client()));
    const down: unknown[] = [];
    failfast.on("store-down", (event) => down.push(event));
    expect(await failfast("shop").run(async () => "served")).toBe("served");
    await expect(failfast("shop").run(fail)).rejects.toThrow("backend");
    expect(failfast("shop").state).toBe("open");
    await expect.poll(() => down.length, soon).toBeGreaterThan(0);
  });

  it("lets calls go on while the server is frozen, and afterwards the fleet agrees", async () => {
    const [a, b] = [process(upstashStore(open())), process(upstashStore(open()))];
    await Promise.all([a.ready(), b.ready()]);
    front.freeze();
    await expect(a("shop").run(fail)).rejects.toThrow("backend");
    expect([a("shop").state, b("shop").state]).toEqual(["open", "closed"]);
    front.thaw();
    await expect.poll(() => b("shop").state, healed).toBe("open");
  });

  it("restores an open circuit after Redis was restarted empty", async () => {
    const [a, late] = [process(upstashStore(open())), upstashStore(open())];
    const listed = async (): Promise<number> => {
      try {
        return (await listAll(late)).length;
      } catch {
        return 0;
      }
    };
    await a("shop").trip();
    expect(await listed()).toBe(1);
    await server.restart();
    await expect.poll(listed, healed).toBe(1);
  });

  it.each([
    ["a client of node-redis", () => createClient()],
    ["no client", () => undefined],
    ["a URL", () => "https://example.upstash.io"],
    ["an empty object", () => ({})],
  ])("refuses %s, and says what it takes", (_what, client) => {
    expect(() => upstashStore(client() as never)).toThrow(
      /upstashStore\(\) takes a client of @upstash\/redis/,
    );
  });

  it("refuses an empty prefix", () => {
    expect(() => upstashStore(open(), { prefix: "" })).toThrow(TypeError);
  });
});

const fail = (): Promise<never> => Promise.reject(new Error("backend"));

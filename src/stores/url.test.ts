import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { readAddress } from "./url/address.js";
import { StoreUrlError, storeFrom } from "./url.js";

afterEach(() => vi.unstubAllEnvs());

const failureOf = async (url?: string): Promise<Error & { code?: string }> =>
  storeFrom(url).then(
    () => new Error("it gave a store"),
    (error: Error) => error,
  );

describe("storeFrom", () => {
  test("reads FAILFAST_STORE without an argument", async () => {
    vi.stubEnv("FAILFAST_STORE", "memory:");
    const store = await storeFrom();
    await store.set("a", "value", 60_000);
    expect(store.get("a")).toBe("value");
    await store.migrate();
    await store[Symbol.asyncDispose]();
  });

  test("accepts a URL with white space around it, as in a variable that was read from a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "failfast-url-"));
    try {
      const [first, second] = [
        await storeFrom(`file:${folder}/shop`),
        await storeFrom(` file:${folder}/shop\r\n`),
      ];
      await first.set("a", "1", 60_000);
      expect(await second.get("a")).toBe("1");
      expect(await readdir(folder)).toEqual(["shop"]);
      await Promise.all([first.close(), second.close()]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("says that FAILFAST_STORE is not set, and what it may be", async () => {
    for (const value of [undefined, ""]) {
      vi.stubEnv("FAILFAST_STORE", value);
      expect(await failureOf()).toMatchObject({ name: "StoreUrlError", code: "ERR_FAILFAST_STORE_URL" });
      expect((await failureOf()).message).toMatch(/FAILFAST_STORE is not set: set it to redis:\/\//);
    }
    expect((await failureOf("")).message).toMatch(/takes a URL/);
  });

  test("says which schemes it accepts, and where the wrong one came from", async () => {
    expect((await failureOf("mongodb://user:hush@host")).message).toBe(
      'the store\'s URL begins with "mongodb:", and takes redis:, rediss:, valkey:, valkeys:, postgres:, postgresql:, mysql:, mariadb:, nats:, memcached:, sqlite:, file:, memory:',
    );
    vi.stubEnv("FAILFAST_STORE", "here");
    expect((await failureOf()).message).toMatch(/^FAILFAST_STORE is no URL/);
  });

  test.each([
    "redis://user:hush@host:port",
    "redis://user:hush%@host",
    "user:hush@host",
    "//user:hush@host",
    "redis://user:hu sh@[host",
  ])("does not repeat a URL that can't be parsed: %s", async (url) => {
    const error = await failureOf(url);
    expect(error.code).toBe("ERR_FAILFAST_STORE_URL");
    expect(`${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toMatch(/hush|hu sh/);
  });
});

test("reports what failed if Redis refuses the password, without the password", async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (sent) => {
      for (const _ of String(sent).matchAll(/^\*\d+\r$/gm))
        socket.write("-WRONGPASS invalid username-password pair, hush is none\r\n");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const store = await storeFrom(`redis://alice:hush@127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    for (const verbs of [store, store.sibling?.("fleet")]) {
      const error = await Promise.resolve(verbs?.get("a")).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        message: expect.stringMatching(/WRONGPASS/),
        cause: { message: expect.stringMatching(/WRONGPASS/) },
      });
      expect(inspect(error, { depth: 9 })).not.toMatch(/hush/);
    }
  } finally {
    await store.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

describe("an address", () => {
  const read = (url: string) => readAddress(url, "it");

  test("is split into parts for the store and for the client", () => {
    expect(read("postgres://a:b%40c@db.test:6543/shop?prefix=x%20y&sslmode=require&table=t")).toMatchObject({
      scheme: "postgres:",
      href: "postgres://a:b%40c@db.test:6543/shop?sslmode=require",
      host: "db.test",
      port: "6543",
      user: "a",
      password: "b@c",
      path: "/shop",
      options: { prefix: "x y", table: "t" },
    });
    expect(read("nats://token@host?bucket=b")).toMatchObject({ user: "token", options: { bucket: "b" } });
    expect(read("nats://token@host").password).toBe(undefined);
  });

  test.each([
    ["memory:?prefix=shop", /unknown option "prefix"; a store of its kind takes no options$/],
    ["file:data?prefx=shop", /unknown option "prefx"; a store of its kind takes \?prefix=$/],
    ["sqlite:shop.db?KEY_PREFIX=a", /unknown option "KEY_PREFIX"; .*\?prefix=, \?table=$/],
    ["redis://127.0.0.1:1?Prefix=shop", /unknown option "Prefix"; .*\?prefix=/],
    ["redis://127.0.0.1:1?table=shop", /unknown option "table"/],
    ["postgres://127.0.0.1:1/shop?sslmod=require", /unknown option "sslmod"; .* and of the client .*sslmode/],
    ["mysql://127.0.0.1:1/shop?prefixx=a", /unknown option "prefixx"/],
    ["nats://127.0.0.1:1?buckett=a", /unknown option "buckett"; .*\?prefix=, \?bucket=$/],
    ["memcached://127.0.0.1:1?ttl=1", /unknown option "ttl"/],
  ])("%s is refused, with what is accepted", async (url, message) => {
    await expect(storeFrom(url)).rejects.toThrow(StoreUrlError);
    await expect(storeFrom(url)).rejects.toThrow(message);
  });

  test.each([
    ["file:", ""],
    ["file:data/circuits", "data/circuits"],
    ["file:/var/lib/shop", "/var/lib/shop"],
    ["file:///var/lib/shop?prefix=a", "/var/lib/shop"],
    ["FILE:///var/lib/my%20shop", "/var/lib/my shop"],
    ["sqlite::memory:", ":memory:"],
    ["sqlite:shop.db?table=t", "shop.db"],
    ["sqlite:../shop.db", "../shop.db"],
    ["sqlite:///shop.db", "/shop.db"],
    ["memory:", ""],
    ["memory://", ""],
  ])("%s is the path %j", (url, path) => {
    expect(read(url).path).toBe(path);
  });
});

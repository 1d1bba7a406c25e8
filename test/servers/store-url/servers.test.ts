import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createFailfast } from "../../../src/index.js";
import { storeFrom } from "../../../src/stores/url.js";
import { startMemcached } from "../memcached-store/start-memcached.js";
import { mariadbd, startMariadb } from "../mysql-store/start-mariadb.js";
import { startNats } from "../nats-store/start-nats.js";
import { postgres, startPostgres } from "../postgres-store/start-postgres.js";
import { requireProgram } from "../require.js";
import { freePort } from "../server-process.js";
import { startRedis } from "../start-redis.js";
import { type Project, project } from "./project.js";

const memcached = requireProgram("memcached");
const natsServer = requireProgram("nats-server");
const redisServer = requireProgram("redis-server");

interface Case {
  readonly kind: string;
  readonly skip: boolean;
  start(): Promise<{ readonly url: string; stop(): Promise<void> }>;
  /** Each is a project with only these clients. */
  readonly packages: readonly string[];
  /** Clients whose sockets keep the process alive in any case. */
  readonly closes?: readonly string[];
}

const at = (scheme: string, server: { port: number; stop(): Promise<void> }) => ({
  url: `${scheme}://127.0.0.1:${server.port}`,
  stop: () => server.stop(),
});

const cases: readonly Case[] = [
  {
    kind: "Redis",
    skip: redisServer === undefined,
    start: async () => at("redis", await startRedis()),
    packages: ["redis", "ioredis", "iovalkey"],
  },
  {
    kind: "PostgreSQL",
    skip: postgres === undefined,
    start: startPostgres,
    packages: ["pg", "postgres"],
    closes: ["postgres"],
  },
  {
    kind: "MariaDB",
    skip: mariadbd === undefined,
    start: async () => {
      const server = await startMariadb();
      return { url: server.url.replace("mysql:", "mariadb:"), stop: server.stop };
    },
    packages: ["mysql2"],
  },
  {
    kind: "memcached",
    skip: memcached === undefined,
    start: async () => at("memcached", await startMemcached(memcached)),
    packages: ["memcached", "memjs"],
    closes: ["memcached", "memjs"],
  },
  {
    kind: "NATS",
    skip: natsServer === undefined,
    start: async () => {
      const server = await startNats(natsServer, "--user", "shop", "--pass", "p%w:d");
      return { url: `nats://shop:p%25w%3Ad@127.0.0.1:${server.port}?bucket=circuits`, stop: server.stop };
    },
    packages: ["@nats-io/transport-node @nats-io/kv"],
    closes: ["@nats-io/transport-node @nats-io/kv"],
  },
];

/** It ends by itself, or the test times out. */
async function run({ folder, script }: Project, url: string, ...args: string[]) {
  // The file store's own folder is in the temporary one.
  const env = { ...process.env, FAILFAST_STORE: url, TMPDIR: folder };
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], { cwd: folder, env });
  return JSON.parse(stdout);
}

for (const { kind, skip, start, packages, closes = [] } of cases) {
  describe.skipIf(skip)(`storeFrom() with ${kind}`, () => {
    let server: Awaited<ReturnType<Case["start"]>>;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.stop());

    test.each(packages)("through %s stores a trip, and the process ends", async (installed) => {
      const its = project(...installed.split(" "));
      const ends = closes.includes(installed) ? ["close"] : [];
      const url = new URL(server.url);
      url.searchParams.set("prefix", installed.replace(/\W/g, "_"));
      const { stored, value, message } = await run(its, url.href, ...ends);
      expect({ stored, message }).toEqual({ stored: true, message: undefined });
      expect(JSON.parse(value).state).toBe("open");
      its.remove();
    });

    test("without an installed client says what to install", async () => {
      const its = project();
      const error = await run(its, server.url);
      expect(error).toMatchObject({ code: "ERR_FAILFAST_MISSING_PACKAGE", packages });
      expect(error.message).toContain(`npm install ${packages[0]}`);
      its.remove();
    });
  });
}

describe("secrets", () => {
  const kinds: Record<string, () => Promise<{ url: string; stop(): Promise<void> }>> = {
    ...(redisServer && {
      redis: async () => {
        const server = await startRedis(redisServer, ["--requirepass", "right"]);
        return { url: `redis://default:hush-hush@127.0.0.1:${server.port}`, stop: () => server.stop() };
      },
    }),
    ...(mariadbd && {
      mysql: async () => {
        const server = await startMariadb();
        return { url: server.url.replace("root@", "root:hush-hush@"), stop: server.stop };
      },
    }),
    ...(natsServer && {
      nats: async () => {
        const server = await startNats(natsServer, "--user", "shop", "--pass", "right");
        return { url: `nats://shop:hush-hush@127.0.0.1:${server.port}`, stop: () => server.stop() };
      },
    }),
    "postgres, where nobody is": async () => ({
      url: `postgres://shop:hush-hush@127.0.0.1:${await freePort()}/shop`,
      stop: async () => undefined,
    }),
  };
  test.each(Object.entries(kinds))(
    "in a wrong password are not shown when that is reported: %s",
    async (_, start) => {
      const server = await start();
      onTestFinished(() => server.stop());
      const store = await storeFrom(server.url);
      onTestFinished(() => store.close());
      const error = await Promise.resolve(store.get("a")).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain("hush");
      expect(JSON.stringify(store)).not.toContain("hush");
    },
  );
});

test("a server that is down does not prevent the start, and is used once it is up", async ({ skip }) => {
  if (redisServer === undefined) skip();
  const port = await freePort();
  const store = await storeFrom(`redis://127.0.0.1:${port}`);
  onTestFinished(() => store.close());
  const failfast = createFailfast({ store, timeout: 60 });
  onTestFinished(() => failfast.close());
  expect(await failfast("shop").run(async () => "served")).toBe("served");
  await failfast("shop").trip();
  const server = await startRedis(redisServer, [], port);
  onTestFinished(() => server.stop());
  await expect
    .poll(() => Promise.resolve(store.get("circuit:shop")).catch(() => null), {
      timeout: 30_000,
      interval: 50,
    })
    .toContain('"state":"open"');
  await failfast.close();
  // A second time is harmless.
  for (let n = 0; n < 2; n++) await store.close();
});

test.each(["redis", "postgres", "mysql", "nats", "memcached"])(
  "a store at %s that was never reachable can be closed",
  async (scheme) => {
    const store = await storeFrom(`${scheme}://127.0.0.1:${await freePort()}`);
    await expect(Promise.resolve(store.get("a"))).rejects.toThrow();
    await store.close();
  },
);

describe("storeFrom() without a server", () => {
  test("runs examples/url.mjs, which ends by itself", () => {
    const its = project();
    const env = { ...process.env, FAILFAST_STORE: `sqlite:${join(its.folder, "example.db")}` };
    const printed = execFileSync(process.execPath, ["examples/url.mjs"], { env, encoding: "utf8" });
    expect(printed).toMatch(/^open .*"state":"open".*\nclosed\n$/);
    its.remove();
  });

  test.each(["better-sqlite3", ""])("opens sqlite:, with %s installed", async (installed) => {
    const its = project(...(installed ? [installed] : []));
    const url = `sqlite:${join(its.folder, "shop%20circuits.db")}?table=circuits`;
    const answer = await run(its, url);
    if (installed || process.getBuiltinModule("node:sqlite")) expect(answer.stored).toBe(true);
    else expect(answer.message).toContain("npm install better-sqlite3");
    its.remove();
  });

  test.each(["file:circuits", "file:", "memory:"])("%s", async (url) => {
    const its = project();
    expect((await run(its, url)).stored).toBe(true);
    its.remove();
  });
});

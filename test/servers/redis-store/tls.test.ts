import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { Cluster, Redis } from "ioredis";
import { Redis as Valkey } from "iovalkey";
import { createClient, createClientPool, createCluster } from "redis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type RedisClient, redisStore } from "../../../src/stores/redis.js";
import { requireProgram } from "../require.js";
import { type ServerProcess, startServer } from "../server-process.js";
import { until } from "../start-redis.js";
import { ignore, remember, soon } from "./clients.js";

const redisServer = requireProgram("redis-server");
const openssl = requireProgram("openssl");

/** An authority, and what it has signed for the server and for a client. */
function certificates(folder: string): { ca: string; cert: string; key: string } {
  const run = (...args: string[]): void =>
    void execFileSync(openssl ?? "openssl", args, { cwd: folder, stdio: "ignore" });
  const request = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  run(...request, "-x509", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=authority");
  writeFileSync(join(folder, "names"), "subjectAltName=IP:127.0.0.1");
  for (const name of ["server", "client"]) {
    run(...request, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"];
    run("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.crt`, ...signed);
  }
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  return { ca: read("ca.crt"), cert: read("client.crt"), key: read("client.key") };
}

describe.skipIf(!redisServer || !openssl)("a Redis that wants TLS, and a certificate of its clients", () => {
  let folder: string;
  let tls: ReturnType<typeof certificates>;
  const servers: ServerProcess[] = [];
  const ends: (() => unknown)[] = [];
  const start = async (...settings: string[]): Promise<number> => {
    const files = ["cert-file", "server.crt", "key-file", "server.key", "ca-cert-file", "ca.crt"];
    const server = await startServer({
      command: (port) => [
        redisServer ?? "redis-server",
        ...["--port", "0", "--tls-port", String(port), "--bind", "127.0.0.1", "--save", ""],
        ...files.map((each, at) => (at % 2 === 0 ? `--tls-${each}` : join(folder, each))),
        ...settings,
      ],
      answers: (port) =>
        new Promise((resolve) => {
          const socket = connect({ port, host: "127.0.0.1", ...tls }, () => resolve(true));
          socket.once("secureConnect", () => socket.destroy());
          socket.once("error", () => resolve(false));
        }),
    });
    servers.push(server);
    return server.port;
  };
  let port: number;
  let clusterPort: number;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "failfast-tls-"));
    tls = certificates(folder);
    port = await start();
    clusterPort = await start(
      "--cluster-enabled",
      "yes",
      "--tls-cluster",
      "yes",
      "--cluster-announce-ip",
      "127.0.0.1",
    );
    const admin = new Redis({ port: clusterPort, host: "127.0.0.1", tls });
    await admin.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await until(async () => String(await admin.call("CLUSTER", "INFO")).includes("cluster_state:ok"));
    admin.disconnect();
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const nodeRedisSocket = (at: number) => ({ host: "127.0.0.1", port: at, tls: true, ...tls }) as const;
  const clients: Readonly<Record<string, () => Promise<RedisClient>>> = {
    "node-redis": async () => {
      const client = createClient({ socket: nodeRedisSocket(port) }).on("error", ignore);
      ends.push(() => client.destroy());
      return client.connect();
    },
    "node-redis's pool": async () => {
      const pool = createClientPool({ socket: nodeRedisSocket(port) }).on("error", ignore);
      await pool.connect();
      ends.push(() => pool.destroy());
      return pool;
    },
    "node-redis's Cluster": async () => {
      const cluster = createCluster({
        rootNodes: [{ socket: nodeRedisSocket(clusterPort) }],
        defaults: { socket: { tls: true, ...tls } },
      }).on("error", ignore);
      await cluster.connect();
      ends.push(() => cluster.destroy());
      return cluster;
    },
    ioredis: async () => {
      const client = new Redis({ host: "127.0.0.1", port, tls }).on("error", ignore);
      ends.push(() => client.disconnect());
      return client;
    },
    "ioredis's Cluster": async () => {
      const cluster = new Cluster([{ host: "127.0.0.1", port: clusterPort }], { redisOptions: { tls } });
      cluster.on("error", ignore);
      ends.push(() => cluster.disconnect());
      return cluster;
    },
    iovalkey: async () => {
      const client = new Valkey({ host: "127.0.0.1", port, tls }).on("error", ignore);
      ends.push(() => client.disconnect());
      return client;
    },
  };

  it.each(Object.entries(clients))(
    "has all verbs and push with %s, also after its subscription was lost",
    async (name, open) => {
      const store = redisStore(await open(), { prefix: name });
      const seen = remember();
      const handle = await store.watch?.("", seen);
      ends.push(() => handle?.[Symbol.asyncDispose]());
      expect(await store.swap?.("a", null, "1", 60_000)).toMatchObject({ ok: true });
      await expect.poll(() => seen.changes.map(({ value }) => value), soon).toEqual(["1"]);
      const admin = new Redis({
        host: "127.0.0.1",
        port: name.includes("Cluster") ? clusterPort : port,
        tls,
      });
      ends.push(() => admin.disconnect());
      await admin.call("CLIENT", "KILL", "TYPE", "PUBSUB");
      await expect.poll(() => seen.gaps, soon).toBe(1);
      expect(await store.swap?.("a", "1", "2", 60_000)).toMatchObject({ ok: true });
      await expect.poll(() => seen.changes.map(({ value }) => value), soon).toEqual(["1", "2"]);
    },
  );
});

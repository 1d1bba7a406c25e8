import { Redis } from "@upstash/redis";
import { createClient } from "redis";
import { upstashStore } from "../../../src/stores/upstash.js";
import { ignore } from "../redis-store/clients.js";
import { requireProgram } from "../require.js";
import { startRedis } from "../start-redis.js";
import { type OpenStore, storeFaults } from "../store-faults.js";
import { startFront } from "./start-front.js";

const redisServer = requireProgram("redis-server");

storeFaults(
  "upstashStore()",
  async () => {
    const server = await startRedis(redisServer);
    const front = await startFront(server.url);
    const admin = await createClient({ url: server.url }).on("error", ignore).connect();
    // As in the documentation: a deadline for each request, and no retries but the store's own.
    const open = (url = front.url, token = front.token): OpenStore => ({
      store: upstashStore(new Redis({ url, token, retry: false, signal: () => AbortSignal.timeout(1_000) })),
      close: ignore,
    });
    return {
      open,
      port: Number(new URL(front.url).port),
      openAt: (port) => open(`http://127.0.0.1:${port}`),
      openAsStranger: () => open(front.url, "wrong"),
      pause: () => front.freeze(),
      resume: () => front.thaw(),
      restart: server.restart,
      empty: () => admin.sendCommand(["FLUSHALL"]),
      spoil: (key) => admin.sendCommand(["LPUSH", `failfast:${key}`, "x"]),
      async stop() {
        admin.destroy();
        await front.close();
        await server.stop();
      },
    };
  },
  { skip: !redisServer },
);

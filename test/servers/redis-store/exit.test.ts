import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { libraries } from "./clients.js";

const redisServer = requireProgram("redis-server");
const script = fileURLToPath(new URL("exit.mjs", import.meta.url));

/** A script that uses the built store until it is told to close its client. */
function run(library: string, url: string) {
  const child: ChildProcess = spawn(process.execPath, [script, library, url], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (output += text));
  return {
    child,
    lines: () => output.trim().split("\n"),
    /** Tells it to close its client. Returns how long the process then lived, in ms. */
    async close(): Promise<number> {
      const exit = once(child, "exit");
      const asked = performance.now();
      child.stdin?.write("\n");
      await exit;
      return performance.now() - asked;
    },
  };
}

describe.skipIf(!redisServer).each(libraries)(
  "a script that watches with $name ends by itself",
  ({ name }) => {
    let server: RedisServer;
    let running: ReturnType<typeof run>;
    beforeEach(async () => {
      server = await startRedis(redisServer);
      running = run(name, server.url);
      await expect.poll(running.lines, { timeout: 30_000, interval: 10 }).toEqual(["change"]);
    });
    afterEach(async () => {
      running.child.kill("SIGKILL");
      await server.stop();
    });

    it("once its own client is closed, even if it never disposed of the watch", async () => {
      expect(await running.close()).toBeLessThan(1_000);
      expect(running.lines()).toEqual(["change", "closed"]);
      expect(running.child.exitCode).toBe(0);
    });

    it("while Redis is down and the subscription tries to reconnect", async () => {
      await server.stop();
      // Until the pauses between attempts are at their longest.
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      expect(await running.close()).toBeLessThan(1_000);
      expect(running.lines()).toEqual(["change", "closed"]);
      expect(running.child.exitCode).toBe(0);
    });

    it("while Redis is frozen and the subscription has lost its connection", async () => {
      server.pause();
      await new Promise((resolve) => setTimeout(resolve, 9_000));
      expect(await running.close()).toBeLessThan(1_000);
      expect(running.lines()).toEqual(["change", "closed"]);
      expect(running.child.exitCode).toBe(0);
    });
  },
);

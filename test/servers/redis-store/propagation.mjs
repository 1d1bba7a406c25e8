// How long a change takes from swap() in one process to change() in 7 others, over a Redis on the loopback:
//
//     node test/servers/redis-store/propagation.mjs [node-redis | ioredis] [rounds]
//
// Prints p50, p99 and the longest, in ms, for any of the 7 and for the last of them.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { redisStore } from "../../../dist/stores/redis.js";

const WATCHERS = 7;

async function open(library, url) {
  if (library === "ioredis") return new Redis(url);
  return createClient({ url })
    .on("error", () => {})
    .connect();
}

/** The same clock in every process of a host, in ms. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

async function watcher(library, url) {
  const store = redisStore(await open(library, url));
  await store.watch("", {
    change({ value }) {
      const [round, sent] = value.split(" ").map(Number);
      process.send([round, now() - sent]);
    },
    gap() {},
  });
  process.send("live");
}

async function measure(library = "node-redis", rounds = 1_000) {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  const args = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = spawn("redis-server", args.map(String), { stdio: "ignore" });
  process.on("exit", () => server.kill("SIGKILL"));
  await sleep(500);

  const url = `redis://127.0.0.1:${port}`;
  const taken = [];
  const last = new Array(rounds).fill(0);
  const watchers = await Promise.all(
    Array.from({ length: WATCHERS }, async () => {
      const child = fork(fileURLToPath(import.meta.url), ["watch", library, url]);
      await once(child, "message");
      child.on("message", ([round, ms]) => {
        if (round < 0) return;
        taken.push(ms);
        last[round] = Math.max(last[round], ms);
      });
      return child;
    }),
  );

  const store = redisStore(await open(library, url));
  let stored = null;
  // The first ones warm up: compilers, the script, sockets.
  for (let round = -100; round < rounds; round += 1) {
    ({ value: stored } = await store.swap("circuit:a", stored, `${round} ${now()}`, 60_000));
    await sleep(10);
  }
  await sleep(200);
  for (const child of watchers) child.kill();
  report(`${library}, any of ${WATCHERS} (${taken.length} of ${rounds * WATCHERS} arrived)`, taken);
  report(`${library}, the last of ${WATCHERS}`, last);
  process.exit();
}

function report(what, taken) {
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.ceil(sorted.length * share) - 1].toFixed(2);
  console.log(`${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`);
}

const [first, ...rest] = process.argv.slice(2);
if (first === "watch") await watcher(...rest);
else await measure(first, rest[0] && Number(rest[0]));

// What a call costs on a circuit that is shared over Redis, beside other breakers, in one run, and what calls do while
// Redis is frozen. Breakers that share nothing are there for the cost alone.
//   npm run bench:peers              prints the tables
//   npm run bench:peers -- --write   and writes docs/performance/peers.md and its plot

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { createFailfast, isFailfastError } from "failfast";
import { redisStore } from "failfast/redis";
import { createClient } from "redis";
import { installPeers } from "../verification/peer-defects/peers.mjs";
import { dots } from "./fleet/plot.mjs";
import { find, serve } from "./fleet/servers.mjs";
import * as alone from "./peers.mjs";
import { quantile, Report } from "./table.mjs";

const ROUNDS = 15;
const FROZEN_MS = 5_000;
const EVERY_MS = 20;
const value = async (n) => n;

const program = find("redis-server");
if (program === undefined) throw new Error("there is no redis-server here");
const redis = await serve(program, (port) => ["--port", `${port}`, "--bind", "127.0.0.1", "--save", ""]);
const url = `redis://127.0.0.1:${redis.port}`;
const connected = async () =>
  createClient({ url })
    .on("error", () => {})
    .connect();
const peers = installPeers();
const report = new Report();
try {
  const client = await connected();
  report.say(`# On a circuit that is shared over Redis`);
  report.say("");
  report.say(
    `Written by \`npm run bench:peers -- --write\`: Node ${process.version}, ${cpus()[0]?.model}, Redis on the loopback. ` +
      `Medians of ${ROUNDS} rounds, all in one run.`,
  );
  const subjects = [await ourselves(), await effect()];
  if (peers.installed.includes("nestjs-resilience")) subjects.push(await nestjsResilience());
  const rows = await costs(client, subjects);
  await frozen(subjects);
  if (process.argv.includes("--write")) {
    writeFileSync("docs/performance/peers.md", report.markdown);
    writeFileSync("docs/performance/peers.svg", plotOf(rows));
  }
} finally {
  peers.remove();
  await redis.stop();
}
process.exit();

async function ourselves() {
  const failfast = createFailfast({ store: redisStore(await connected()) });
  const open = failfast("open", 3_600);
  await open.trip();
  return {
    name: `failfast ${require("failfast/package.json").version}`,
    closed: failfast("closed", 60)(value),
    open: open(value),
    rejects: isFailfastError,
    calls: 50_000,
  };
}

async function effect() {
  const { Effect, Layer, References, Scope } = require("effect");
  const { CircuitBreaker, Redis } = require("effect/persistence");
  const client = await connected();
  const send = (command, ...args) =>
    Effect.tryPromise({
      try: () => client.sendCommand([command, ...args]),
      catch: (cause) => new Redis.RedisError({ cause }),
    });
  const made = Redis.make({
    send,
    subscribe: () => Effect.die("nobody subscribes here"),
    connect: Effect.succeed({ send, close: Effect.void }),
  });
  const store = CircuitBreaker.layerStoreRedis().pipe(Layer.provide(Layer.effect(Redis.Redis, made)));
  const scope = Effect.runSync(Scope.make());
  const breaker = await Effect.runPromise(
    CircuitBreaker.make({ tripPolicy: CircuitBreaker.consecutive(1), openDuration: "1 hour" }).pipe(
      Effect.provide(store),
      Scope.provide(scope),
    ),
  );
  const call = (key, fn) =>
    Effect.runPromise(
      Effect.tryPromise({ try: fn, catch: (error) => error }).pipe(
        breaker.execute({ key }),
        Effect.provideService(References.UnhandledLogLevel, undefined),
      ),
    );
  await call("open", () => Promise.reject(new Error("down"))).catch(() => {});
  return {
    name: `effect ${require("effect/package.json").version}, CircuitBreaker`,
    closed: (n) => call("closed", () => value(n)),
    open: (n) => call("open", () => value(n)),
    rejects: (error) => error instanceof CircuitBreaker.CircuitBreakerError,
    calls: 300,
  };
}

async function nestjsResilience() {
  const theirs = createRequire(`${peers.folder}/`);
  theirs("reflect-metadata");
  theirs("@nestjs/common").Logger.overrideLogger(false);
  const { CircuitBreakerStrategy, CircuitOpenedException, ResilienceCommand } = theirs("nestjs-resilience");
  const { ResilienceStatesManager } = theirs("nestjs-resilience/dist/resilience.states-manager.js");
  const client = await connected();
  const cache = {
    get: async (key) => JSON.parse((await client.get(key)) ?? "null") ?? undefined,
    set: async (key, entry) => void (await client.set(key, JSON.stringify(entry))),
    del: (key) => client.del(key),
    reset: () => client.flushDb(),
  };
  new ResilienceStatesManager({ store: cache });
  const make = (name) => {
    const strategy = new CircuitBreakerStrategy({
      requestVolumeThreshold: 1,
      errorThresholdPercentage: 50,
      sleepWindowInMilliseconds: 3_600_000,
      rollingWindowInMilliseconds: 3_600_000,
    });
    const command = new (class extends ResilienceCommand {
      run(fn) {
        return fn();
      }
    })([strategy], "bench", name);
    return (fn) => command.execute(fn);
  };
  const [closed, open] = [make("closed"), make("open")];
  for (let n = 0; n < 3; n++) await open(() => Promise.reject(new Error("down"))).catch(() => {});
  return {
    name: `nestjs-resilience ${theirs("nestjs-resilience/package.json").version}, a cache in Redis`,
    closed: (n) => closed(() => value(n)),
    open: (n) => open(() => value(n)),
    rejects: (error) => error instanceof CircuitOpenedException,
    calls: 300,
  };
}

async function costs(client, shared) {
  const strangers = [
    {
      name: `opossum ${require("opossum/package.json").version}, shares nothing`,
      closed: await alone.opossum(value),
      open: await alone.opossumOpen(value),
    },
    {
      name: "cockatiel 4, shares nothing",
      closed: await alone.cockatiel(value),
      open: await alone.cockatielOpen(value),
    },
  ];
  report.table(
    "What a call costs",
    "breaker",
    "closed, µs",
    "requests to Redis",
    "open, µs",
    "requests to Redis ",
  );
  const rows = [];
  const bare = await micros(value, 50_000);
  report.row("the bare function", bare.toFixed(3), "", "", "");
  for (const { name, closed, open, calls = 20_000 } of [...shared, ...strangers]) {
    const first = await measured(client, closed, calls);
    const second = await measured(client, (n) => open(n).catch(() => {}), calls);
    report.row(name, first.micros, first.requests, second.micros, second.requests);
    rows.push({
      name: name.split(" ", 1)[0].replace("resilience", "res."),
      values: [first, second].map((each) => Number(each.micros)),
    });
  }
  return rows;
}

function plotOf(rows) {
  const all = rows.flatMap(({ values }) => values);
  return dots({
    title: "What a call costs on a circuit that is shared over Redis",
    x: {
      from: Math.min(...all) * 0.8,
      to: Math.max(...all) * 1.4,
      label: "microseconds; opossum and cockatiel share nothing",
    },
    series: ["closed: the call is made", "open: it is rejected"],
    rows,
  });
}

async function measured(watcher, call, calls) {
  await call(1);
  // Before the measurement, because it slows Redis down.
  const requests = await requestsOf(watcher, call);
  const each = await micros(call, calls);
  return { micros: each.toFixed(each < 10 ? 3 : 0), requests: requests.toFixed(requests % 1 === 0 ? 0 : 1) };
}

/** The commands to Redis for each of a hundred calls, without those of its own scripts. */
async function requestsOf(watcher, call) {
  let asked = 0;
  await watcher.monitor((line) => {
    if (!/\[\d+ lua\]|"(PING|INFO)"/.test(line)) asked++;
  });
  for (let n = 0; n < 100; n++) await call(n);
  await sleep(20);
  await watcher.reset();
  return asked / 100;
}

/** How long a call takes, one after the other, including the wait for Redis: the median of the rounds. */
async function micros(call, calls) {
  const took = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const began = performance.now();
    for (let n = 0; n < calls; n++) await call(n);
    if (round > 0) took.push(((performance.now() - began) * 1_000) / calls);
  }
  return quantile(took, 0.5);
}

/** A call every 20 ms while Redis is frozen: it accepts requests, and answers nothing. */
async function frozen(subjects) {
  report.table(
    `A closed circuit while Redis is frozen for ${FROZEN_MS / 1_000} s, a call every ${EVERY_MS} ms`,
    "breaker",
    "calls",
    "served at once",
    "longest, ms",
    "errors",
  );
  for (const { name, closed } of subjects) {
    const calls = [];
    process.kill(redis.pid, "SIGSTOP");
    const thaw = setTimeout(() => process.kill(redis.pid, "SIGCONT"), FROZEN_MS);
    for (const began = performance.now(); performance.now() - began < FROZEN_MS; ) {
      const from = performance.now();
      const call = closed(calls.length).then(
        () => ({ ms: performance.now() - from }),
        () => ({ ms: performance.now() - from, failed: true }),
      );
      calls.push(call);
      await sleep(EVERY_MS);
    }
    const ended = await Promise.all(calls);
    clearTimeout(thaw);
    const at50 = ended.filter(({ ms, failed }) => ms < 50 && !failed).length;
    const longest = Math.max(...ended.map(({ ms }) => ms));
    const errors = ended.filter(({ failed }) => failed).length;
    report.row(name, ended.length, at50, longest.toFixed(longest < 10 ? 2 : 0), errors);
    await sleep(500);
  }
}

function require(name) {
  return createRequire(import.meta.url)(name);
}

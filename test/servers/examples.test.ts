import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startDynalite, TABLE } from "./dynamodb-store/start-dynalite.js";
import { startMemcached } from "./memcached-store/start-memcached.js";
import { startNats } from "./nats-store/start-nats.js";
import { requireProgram } from "./require.js";
import { type RedisServer, startRedis } from "./start-redis.js";
import { startFront } from "./upstash-store/start-front.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const redisServer = requireProgram("redis-server");
const memcached = requireProgram("memcached");
const natsServer = requireProgram("nats-server");
const readme = readFileSync(`${root}README.md`, "utf8");

test.each(["first", "two-processes"])("examples/%s.mjs prints what the README says", (name) => {
  const printed = execFileSync(process.execPath, [`examples/${name}.mjs`], { cwd: root, encoding: "utf8" });
  expect(printed.trim()).not.toBe("");
  // A slow machine needs a second of the minute to start the second process.
  const plain = (text: string): string => text.replace(/retry in \d+ s/g, "retry in a while");
  expect(plain(readme)).toContain(`\`\`\`\n${plain(printed)}\`\`\``);
});

test("examples/opossum.mjs opens in one process and rejects in the other", () => {
  const printed = execFileSync(process.execPath, ["examples/opossum.mjs"], { cwd: root, encoding: "utf8" });
  expect(printed.trim().split("\n")).toEqual([
    "first process, closed: 4711: not known (the stock service is down)",
    "second process, open: 4711: not known (EOPENBREAKER)",
  ]);
});

test("the web application of the README answers 503 once its backend has failed five times", () => {
  const [, block = ""] = /## In a web application[\s\S]*?```js\n([\s\S]*?)```/.exec(readme) ?? [];
  const written = block.replace('"http://127.0.0.1:8080/invoices"', "failing");
  expect(written).not.toBe(block);
  const program = `
    import { createServer } from "node:http";
    const broken = createServer((_, answer) => answer.writeHead(500).end("{}")).listen(0, "127.0.0.1");
    await new Promise((listens) => broken.once("listening", listens));
    const failing = "http://127.0.0.1:" + broken.address().port;
    ${written}
    const server = app.listen(0, "127.0.0.1");
    await new Promise((listens) => server.once("listening", listens));
    for (let n = 1; n <= 6; n++) {
      const { status, headers } = await fetch("http://127.0.0.1:" + server.address().port + "/invoices");
      console.log(status, headers.has("retry-after"));
    }
    process.exit();`;
  const printed = execFileSync(process.execPath, ["--input-type=module"], {
    cwd: root,
    input: program,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "ignore"],
  });
  expect(printed).toBe(`${"500 false\n".repeat(5)}503 true\n`);
});

test("examples/two-providers.mjs asks the second provider once the first is down", () => {
  const printed = execFileSync(process.execPath, ["examples/two-providers.mjs"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(printed.split("\n").filter((line) => line.startsWith("asking"))).toEqual([
    "asking the primary",
    "asking the secondary",
    "asking the secondary",
  ]);
});

test("examples/fetch.mjs makes one request to a server that fails, and no more", () => {
  const printed = execFileSync(process.execPath, ["examples/fetch.mjs"], { cwd: root, encoding: "utf8" });
  expect(printed).toMatch(/^503\nFailfastError retry in [1-6] s\n1 request\n$/);
});

test.skipIf(!redisServer)("examples/django.mjs shows both directions", async () => {
  const server = await startRedis(redisServer);
  onTestFinished(() => server.stop());
  const printed = await run("django", { REDIS_URL: `${server.url}/1` });
  expect(printed).toBe(
    "here it is open and Python finds 13 digits\nhere it is closed and Python finds null\nDjango's cache opened it for 5 minutes\n",
  );
});

/** What each store's example prints: the circuit open, with its record as the store has it, and closed. */
const SHOWN = /^open .*"state":"open".*\nclosed\n$/;

describe.skipIf(!redisServer)("on Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis(redisServer);
  });
  afterAll(() => server?.stop());

  test("examples/redis.mjs runs, and ends by itself", async () => {
    expect(await run("redis", { REDIS_URL: server.url })).toMatch(SHOWN);
  });

  test("examples/upstash.mjs runs over HTTP, and ends by itself", async () => {
    const front = await startFront(server.url);
    onTestFinished(() => front.close());
    const env = { UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token };
    expect(await run("upstash", { ...env, UPSTASH_DISABLE_TELEMETRY: "1" })).toMatch(SHOWN);
  });
});

test.skipIf(!memcached)("examples/memcached.mjs runs, and ends by itself", async () => {
  const server = await startMemcached(memcached);
  onTestFinished(() => server.stop());
  expect(await run("memcached", { MEMCACHED: `127.0.0.1:${server.port}` })).toMatch(SHOWN);
});

test.skipIf(!natsServer)("examples/nats.mjs runs, and ends by itself", async () => {
  const server = await startNats(natsServer);
  onTestFinished(() => server.stop());
  expect(await run("nats", { NATS_SERVER: `127.0.0.1:${server.port}` })).toMatch(
    /^open \d+\|.*"state":"open".*\nclosed\n$/,
  );
});

test("examples/dynamodb.mjs runs on an emulator, and ends by itself", async () => {
  const server = await startDynalite();
  onTestFinished(() => server.stop());
  const credentials = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x" };
  expect(
    await run("dynamodb", { ...credentials, ENDPOINT: `http://127.0.0.1:${server.port}`, TABLE }),
  ).toMatch(SHOWN);
});

test("examples/cache.mjs runs, and ends by itself", async () => {
  expect(await run("cache", {})).toMatch(/^open \d+\|.*"state":"open".*\nclosed\n$/);
});

/** Runs one example beside the servers of this process. */
async function run(name: string, env: Record<string, string>): Promise<string> {
  const options = { cwd: root, env: { ...process.env, ...env }, timeout: 30_000 };
  return (await promisify(execFile)(process.execPath, [`examples/${name}.mjs`], options)).stdout;
}

test("examples/telemetry.mjs logs only the transition, and counts the calls", () => {
  const printed = execFileSync(process.execPath, ["examples/telemetry.mjs"], { cwd: root, encoding: "utf8" });
  expect(printed.trim().split("\n")).toEqual([
    'warn sales_api circuit "sales_api" opened for 60 s',
    'failfast_circuit_calls_total{name="sales_api",outcome="failure"} 1',
    'failfast_circuit_calls_total{name="sales_api",outcome="rejected"} 2',
    'failfast_circuit_state{name="sales_api",state="open"} 1',
  ]);
});

test("the README's first example is the file that is run", () => {
  // Apart from the formatter's line breaks and commas.
  const plain = (text: string): string => text.replace(/\s+/g, "").replace(/,\)/g, ")");
  expect(plain(readme)).toContain(plain(readFileSync(`${root}examples/first.mjs`, "utf8")));
});

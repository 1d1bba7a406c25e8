// The examples that are projects, as a reader has them: the packed package, and beside it the packages in their
// package.json.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { unpack } from "../package/pack.mjs";
import { startDynalite, TABLE } from "./dynamodb-store/start-dynalite.js";
import { endProcesses } from "./end-process.js";
import { packed } from "./packed.js";
import { postgres, startPostgres } from "./postgres-store/start-postgres.js";
import { requireProgram } from "./require.js";
import { startRedis } from "./start-redis.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const redisServer = requireProgram("redis-server");
const soon = { timeout: 40_000, interval: 50 };
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "failfast-projects-"));
  unpack(packed(), join(folder, "failfast"));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const children: ChildProcess[] = [];
const servers: Server[] = [];
afterEach(async () => {
  await endProcesses(children);
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A copy of a project, with its packages. */
function project(name: string): string {
  const to = join(folder, "projects", name);
  if (existsSync(to)) return to;
  cpSync(join(root, "examples", name), to, { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(to, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const dependency of Object.keys(dependencies)) {
    const place = join(to, "node_modules", dependency);
    mkdirSync(dirname(place), { recursive: true });
    if (dependency === "failfast") cpSync(join(folder, "failfast"), place, { recursive: true });
    else symlinkSync(join(root, "node_modules", dependency), place);
  }
  return to;
}

/** The script that `npm start` runs, to its end. */
async function run(name: string, env: Record<string, string> = {}): Promise<string[]> {
  const options = { cwd: project(name), env: { ...process.env, ...env }, timeout: 60_000 };
  const { stdout } = await promisify(execFile)(process.execPath, [scriptOf(name)], options);
  return stdout.trim().split("\n");
}

function scriptOf(name: string): string {
  const { scripts } = JSON.parse(readFileSync(join(project(name), "package.json"), "utf8")) as {
    scripts: { start: string };
  };
  return scripts.start.replace(/^node /, "");
}

interface Started {
  readonly url: string;
  readonly child: ChildProcess;
  printed(): string;
}

/** The same for a script that runs until it is stopped. */
async function start(name: string, env: Record<string, string>, says = "listening at "): Promise<Started> {
  const child = spawn(process.execPath, [scriptOf(name)], {
    cwd: project(name),
    env: { ...process.env, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let text = "";
  child.stdout.on("data", (chunk) => (text += chunk));
  child.stderr.on("data", (chunk) => (text += chunk));
  await expect.poll(() => text.includes(says) || child.exitCode !== null, soon).toBe(true);
  expect(text).toContain(says);
  return {
    url: (/listening at (\S+)/.exec(text)?.[1] ?? "").replace("0.0.0.0", "127.0.0.1"),
    child,
    printed: () => text,
  };
}

/** A backend that counts its requests. */
async function serve(answer: (url: string) => [number, string]): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push(`${request.url} ${body}`);
    const [status, text] = answer(request.url ?? "");
    response.writeHead(status, { "Content-Type": "application/json" }).end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const statusOf = async (url: string): Promise<number> => {
  const response = await fetch(url);
  await response.text();
  return response.status;
};

test("file-store: the second worker of a host makes no call", async () => {
  expect(await run("file-store")).toEqual([
    "first worker: ann 500, open",
    "first worker: bob 503, open",
    "first worker: eve 503, open",
    "second worker: ann 503, open",
    "second worker: bob 503, open",
    "second worker: eve 503, open",
    "the backend was asked 1 time",
  ]);
});

test("tenants: a tenant whose backend is down affects no other tenant", async () => {
  const backends = await serve((url) => (url.startsWith("/acme/") ? [500, "{}"] : [200, "{}"]));
  const { url } = await start("tenants", { BACKENDS: backends.url });
  const statuses = async (tenant: string): Promise<number[]> => {
    const all: number[] = [];
    for (let n = 0; n < 4; n++) all.push(await statusOf(`${url}/${tenant}/invoices`));
    return all;
  };
  expect(await statuses("acme")).toEqual([502, 502, 502, 503]);
  expect(await statuses("globex")).toEqual([200, 200, 200, 200]);
  expect(await (await fetch(`${url}/circuits`)).json()).toEqual({
    "tenant:acme": "open",
    "tenant:globex": "closed",
  });
});

describe.skipIf(!redisServer)("on Redis", () => {
  test("express-redis: after one server's failure the other one rejects, and both show it", async () => {
    const redis = await startRedis(redisServer);
    onTestFinished(() => redis.stop());
    const backend = await serve(() => [500, "{}"]);
    const env = { REDIS_URL: redis.url, SALES_API: backend.url };
    const [one, two] = await Promise.all([
      start("express-redis", { ...env, FAILFAST_HOST: "one" }),
      start("express-redis", { ...env, FAILFAST_HOST: "two" }),
    ]);
    for (let n = 0; n < 5; n++) expect(await statusOf(`${one.url}/invoices/ann`)).toBe(502);
    await expect.poll(() => two.printed(), soon).toContain("sales_api");
    const rejected = await fetch(`${two.url}/invoices/ann`);
    expect([rejected.status, rejected.headers.has("retry-after")]).toEqual([503, true]);
    expect(backend.asked).toHaveLength(5);
    const metrics = await (await fetch(`${two.url}/metrics`)).text();
    expect(metrics).toContain('failfast_circuit_state{name="sales_api",state="open"} 1');
    expect(await (await fetch(`${one.url}/circuits`)).text()).toContain("<!doctype html>");
    one.child.kill("SIGTERM");
    expect(await once(one.child, "exit")).toEqual([0, null]);
  });

  test("python-and-node: Node sees what Python wrote, and closes the circuit for both", async () => {
    const redis = await startRedis(redisServer);
    onTestFinished(() => redis.stop());
    const { createClient } = await import("redis");
    const client = createClient({ url: `${redis.url}/1` }).on("error", () => {});
    await client.connect();
    onTestFinished(() => client.destroy());
    const node = await start("python-and-node", { REDIS_URL: `${redis.url}/1` }, "sales_api is closed");
    // Python's failfast: cache.set("sales_api", True, 60).
    await client.set(":1:sales_api", Buffer.from("\x80\x05\x88.", "latin1"), { EX: 60 });
    await expect.poll(() => node.printed(), soon).toMatch(/open: Django/);
    node.child.kill("SIGTERM");
    expect(await once(node.child, "exit")).toEqual([0, null]);
    expect(await client.get(":1:sales_api")).toBeNull();
  });
});

test.skipIf(!postgres)("fastify-postgres: circuits in a table, and a guarded pool", async () => {
  const database = await startPostgres();
  onTestFinished(() => database.stop());
  let status = 200;
  const backend = await serve(() => [status, "{}"]);
  const env = { DATABASE_URL: database.url, SALES_API: backend.url };
  const one = await start("fastify-postgres", { ...env, FAILFAST_HOST: "one" });
  const two = await start("fastify-postgres", { ...env, FAILFAST_HOST: "two" });
  expect(await (await fetch(`${one.url}/invoices/ann`)).json()).toEqual({ customer: "ann", answered: 200 });
  status = 500;
  for (let n = 0; n < 5; n++) expect(await statusOf(`${one.url}/invoices/ann`)).toBe(502);
  await expect.poll(() => statusOf(`${two.url}/invoices/ann`), soon).toBe(503);
  one.child.kill("SIGTERM");
  expect(await once(one.child, "exit")).toEqual([0, null]);
});

test("lambda: the next instance makes no call", async () => {
  const server = await startDynalite();
  onTestFinished(() => server.stop());
  const backend = await serve(() => [500, "{}"]);
  const env = {
    ...{ AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x", TABLE },
    ...{ DYNAMODB: `http://127.0.0.1:${server.port}`, SALES_API: backend.url },
  };
  const first = await run("lambda", env);
  const second = await run("lambda", env);
  expect(first.map((line) => line.trim())).toEqual(["ann 502", "bob 502", "eve 503 with Retry-After"]);
  expect(second.map((line) => line.split(" ")[1])).toEqual(["503", "503", "503"]);
  expect(backend.asked).toHaveLength(2);
});

test("llm-failover: the second provider answers, and a tool that is down is called once", async () => {
  const primary = await serve(() => [529, '{"error":{"message":"overloaded"}}']);
  const turn = (message: object, reason: string): string =>
    JSON.stringify({
      ...{ id: "1", created: 1, model: "m", object: "chat.completion" },
      choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: reason }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    });
  const call = { id: "c", type: "function", function: { name: "invoices", arguments: '{"customer":"ann"}' } };
  let turns = 0;
  const secondary = await serve(() =>
    // The model asks for the tool, and then answers as well as it can.
    turns++ % 2 === 0
      ? [200, turn({ content: null, tool_calls: [call] }, "tool_calls")]
      : [200, turn({ content: "the invoices can't be read" }, "stop")],
  );
  const printed = await run("llm-failover", { PRIMARY: primary.url, SECONDARY: secondary.url });
  expect(printed).toEqual([
    "the tool is called",
    ...["ann", "bob", "eve"].map((customer) => `${customer}: the invoices can't be read`),
  ]);
  expect(primary.asked).toHaveLength(2);
  expect(secondary.asked).toHaveLength(6);
  expect(secondary.asked.at(-1)).toContain("unavailable");
});

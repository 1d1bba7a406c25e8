import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { unpack } from "../../package/pack.mjs";
import { endProcesses } from "../end-process.js";
import { packed } from "../packed.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
let folder: string;

/** examples/nest as a project: the packed failfast beside the packages in its package.json, built by its own script. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "failfast-nest-"));
  cpSync(join(root, "examples/nest"), folder, { recursive: true });
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  ) as {
    [key in "dependencies" | "devDependencies"]: Record<string, string>;
  };
  for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
    const place = join(folder, "node_modules", name);
    mkdirSync(dirname(place), { recursive: true });
    if (name !== "failfast") symlinkSync(join(root, "node_modules", name), place);
  }
  unpack(packed(), join(folder, "node_modules/failfast"));
  const PATH = `${join(root, "node_modules/.bin")}${delimiter}${process.env["PATH"]}`;
  execFileSync("npm", ["run", "build"], { cwd: folder, env: { ...process.env, PATH }, stdio: "inherit" });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let well: boolean;
let asked: number;
let salesApi: Server;
beforeEach(async () => {
  well = true;
  asked = 0;
  salesApi = createServer((request, response) => {
    asked++;
    response.writeHead(well ? 200 : 500).end(JSON.stringify({ invoicesOf: request.url }));
  }).listen(0, "127.0.0.1");
  await once(salesApi, "listening");
});
const processes: ChildProcess[] = [];
afterEach(async () => {
  await endProcesses(processes);
  salesApi.closeAllConnections();
  salesApi.close();
});

interface Application {
  readonly url: string;
  readonly process: ChildProcess;
  printed(): string;
}

async function start(adapter: string, store: string): Promise<Application> {
  const port = (salesApi.address() as AddressInfo).port;
  const child = spawn(process.execPath, ["dist/main.js"], {
    cwd: folder,
    env: {
      ...process.env,
      ADAPTER: adapter,
      STORE: store,
      PORT: "0",
      SALES_API: `http://127.0.0.1:${port}`,
      NO_COLOR: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  processes.push(child);
  let text = "";
  child.stdout.on("data", (chunk) => (text += chunk));
  child.stderr.on("data", (chunk) => (text += chunk));
  const ready = (): boolean => text.includes("listening at ") || child.exitCode !== null;
  await expect.poll(ready, { timeout: 40_000 }).toBe(true);
  expect(text).toContain("listening at ");
  const url = /listening at (\S+)/.exec(text)?.[1] ?? "";
  return { url, process: child, printed: () => text };
}

describe.each(["express", "fastify"])("a Nest application on %s, in two processes", (adapter) => {
  test("shares a trip, reports degraded health, and shares a reset", async () => {
    const store = mkdtempSync(join(folder, "store-"));
    const [one, other] = await Promise.all([start(adapter, store), start(adapter, store)]);
    const invoices = (of: Application): Promise<Response> => fetch(`${of.url}/invoices/ann`);
    expect(await (await invoices(other)).json()).toEqual({ invoicesOf: "/invoices/ann" });

    well = false;
    expect((await invoices(one)).status).toBe(500);
    const asking = asked;
    const rejected = await invoices(one);
    expect([rejected.status, rejected.headers.get("retry-after")]).toEqual([
      503,
      expect.stringMatching(/^\d+$/),
    ]);
    expect(rejected.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    expect(await rejected.json()).toMatchObject({
      status: 503,
      circuit: "sales_api",
      retryAfter: expect.any(Number),
    });
    await expect.poll(async () => (await health(other)).status, { timeout: 20_000 }).toBe("degraded");
    const elsewhere = await invoices(other);
    expect([elsewhere.status, elsewhere.headers.has("retry-after")]).toEqual([503, true]);
    expect(asked).toBe(asking);
    expect(await health(other)).toMatchObject({
      status: "degraded",
      details: { circuits: { status: "degraded", circuits: { sales_api: { state: "open" } } } },
    });
    expect(one.printed()).toContain('circuit "sales_api" opened for 60 s');

    well = true;
    const reset = await fetch(`${other.url}/reset`, { method: "POST" });
    expect(await reset.text()).toBe("closed");
    await expect.poll(async () => (await health(one)).status, { timeout: 20_000 }).toBe("ok");
    expect((await invoices(one)).status).toBe(200);

    one.process.kill("SIGTERM");
    expect(await once(one.process, "exit")).toEqual([null, "SIGTERM"]);
  });
});

async function health(of: Application): Promise<{ status: string }> {
  const response = await fetch(`${of.url}/health`);
  expect(response.status).toBe(200);
  return (await response.json()) as { status: string };
}

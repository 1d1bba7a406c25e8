import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endProcesses } from "./end-process.js";

const FRAMEWORKS = ["express", "fastify", "hono", "nest"];
const examples = fileURLToPath(new URL("../../examples/frameworks/", import.meta.url));

let salesApi: Server;
let well = true;
let asked = 0;
let store: string;
const processes: ChildProcess[] = [];
/** Two processes of each framework. */
const fleet: { readonly framework: string; readonly url: string }[] = [];

beforeAll(async () => {
  salesApi = createServer((_, response) => {
    asked++;
    response.writeHead(well ? 200 : 500, { "Content-Type": "application/json" }).end('{"due":3}');
  }).listen(0, "127.0.0.1");
  await once(salesApi, "listening");
  store = await mkdtemp(join(tmpdir(), "failfast-frameworks-"));
  const port = (salesApi.address() as AddressInfo).port;
  const env = { ...process.env, STORE: store, SALES_API: `http://127.0.0.1:${port}` };
  const start = async (framework: string): Promise<void> => {
    const child = spawn(process.execPath, [`${framework}.mjs`], {
      cwd: examples,
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    processes.push(child);
    const [url] = (await once(createInterface(child.stdout as NodeJS.ReadableStream), "line")) as [string];
    fleet.push({ framework, url });
  };
  await Promise.all([...FRAMEWORKS, ...FRAMEWORKS].map(start));
}, 120_000);

afterAll(async () => {
  await endProcesses(processes);
  salesApi.closeAllConnections();
  salesApi.close();
  await rm(store, { recursive: true, force: true });
});

interface Said {
  readonly framework: string;
  readonly status: number;
  readonly retryAfter: number | undefined;
}

async function ask({ framework, url }: (typeof fleet)[number]): Promise<Said> {
  const response = await fetch(`${url}/invoices/ann`);
  await response.text();
  const retryAfter = response.headers.get("Retry-After");
  return {
    framework,
    status: response.status,
    retryAfter: retryAfter === null ? undefined : Number(retryAfter),
  };
}
const askAll = (): Promise<Said[]> => Promise.all(fleet.map(ask));
/** One line of a process's metrics. */
async function metric({ url }: (typeof fleet)[number], line: RegExp): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(line.exec(text)?.[1] ?? Number.NaN);
}
const OPEN = /^failfast_circuit_state\{[^}]*state="open"[^}]*\} (\d+)$/m;
const REJECTED = /^failfast_circuit_calls_total\{[^}]*outcome="rejected"[^}]*\} (\d+)$/m;
const patient = { timeout: 50_000, interval: 50 };

test("two processes on each of four frameworks share what one learns about a backend", async () => {
  for (const { status } of await askAll()) expect(status).toBe(200);

  // The backend fails, and one process on Express finds out.
  well = false;
  const [first] = fleet.filter(({ framework }) => framework === "express");
  asked = 0;
  expect((await ask(first as (typeof fleet)[number])).status).toBe(500);
  expect(asked).toBe(1);
  // All others answer 503 with Retry-After, although none of them has called the backend; at most one request is a
  // probe.
  await expect
    .poll(
      async () =>
        (await askAll()).filter(({ status, retryAfter = 0 }) => status === 503 && retryAfter >= 1).length,
      patient,
    )
    .toBe(fleet.length);
  // Asked each time, because a circuit waits for its probe if nobody calls when the open time is over.
  const isOpen = async (each: (typeof fleet)[number]): Promise<number> => {
    await ask(each);
    return metric(each, OPEN);
  };
  for (const each of fleet) {
    await expect.poll(() => isOpen(each), patient).toBe(1);
    expect(await metric(each, REJECTED)).toBeGreaterThan(0);
  }

  // Many requests to all processes: the backend sees single probes, one in each open time of 2 s.
  asked = 0;
  const began = performance.now();
  let requests = 0;
  for (let round = 0; round < 25; round++) requests += (await askAll()).length;
  const openTimes = Math.ceil((performance.now() - began) / 2_000) + 1;
  expect(requests).toBe(25 * fleet.length);
  // If a machine is too busy for the store to answer in time, each process may probe once by itself.
  expect(asked).toBeLessThanOrEqual(openTimes + fleet.length);

  // The backend works again: one probe finds out, and all processes answer.
  well = true;
  await expect
    .poll(async () => (await askAll()).filter(({ status }) => status === 200).length, patient)
    .toBe(fleet.length);
  for (const each of fleet) await expect.poll(() => metric(each, OPEN), patient).toBe(0);
});

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { pack, unpack } from "../../package/pack.mjs";
import { endProcess } from "../end-process.js";
import { freePort } from "../server-process.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const frameworks = ["express", "fastify", "koa", "hono"];
const pages = frameworks.map((name) => readFileSync(join(root, `docs/frameworks/${name}.md`), "utf8"));
/** The examples that start an app, by the framework they import. */
const snippets = [...pages.join("\n").matchAll(/```js\n([\s\S]*?)\n```/g)]
  .map(([, code = ""]) => ({ framework: /"failfast\/(\w+)"/.exec(code)?.[1] ?? "none", code }))
  .filter(({ code }) => code.includes("3000"));

let folder: string;
/** An empty folder, with the packed library and the frameworks. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "failfast-newcomer-"));
  mkdirSync(join(folder, "node_modules"));
  for (const name of ["express", "fastify", "koa", "hono", "@hono"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  unpack(pack(folder), join(folder, "node_modules/failfast"));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test("there is an example for each framework", () => {
  expect(snippets.map(({ framework }) => framework)).toEqual(frameworks);
});

test.each(snippets)("ten lines for $framework guard a route", async ({ framework, code }) => {
  const lines = code.split("\n").filter((line) => line !== "");
  expect(lines.length).toBeLessThanOrEqual(10);
  let asked = 0;
  const salesApi = createServer((_, response) => {
    asked++;
    // After the first answer, in turn: text that is no JSON, and an error as JSON.
    if (asked > 1 && asked % 2 === 1) response.writeHead(500).end('{"error":"down"}');
    else response.end(asked === 1 ? '{"due":3}' : "<html>");
  });
  await new Promise<void>((listening) => salesApi.listen(0, "127.0.0.1", listening));
  ends.push(() => {
    salesApi.closeAllConnections();
    salesApi.close();
  });
  const { port: backend } = salesApi.address() as { port: number };
  const port = await freePort();
  const file = join(folder, `${framework}.mjs`);
  writeFileSync(file, code.replace("3000", String(port)));
  const env = { ...process.env, SALES_API: `http://127.0.0.1:${backend}`, NODE_ENV: "production" };
  const child = spawn(process.execPath, [file], { env, cwd: folder, stdio: "ignore" });
  ends.push(() => endProcess(child));
  const ask = async (): Promise<[number, string | null]> => {
    const response = await fetch(`http://localhost:${port}/invoices/ann`);
    await response.text();
    return [response.status, response.headers.get("Retry-After")];
  };
  const patient = { timeout: 40_000, interval: 50 };
  await expect.poll(() => ask().catch(() => [0]), patient).toEqual([200, null]);
  for (let n = 0; n < 5; n++) expect(await ask()).toEqual([500, null]);
  const [status, retryAfter] = await ask();
  expect([status, Number(retryAfter) > 0, asked]).toEqual([503, true, 6]);
});

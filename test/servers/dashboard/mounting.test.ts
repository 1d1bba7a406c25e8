import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { endProcesses } from "../end-process.js";
import { freePort } from "../server-process.js";
import { until } from "../start-redis.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const text = readFileSync(`${root}docs/dashboard.md`, "utf8");
const snippets = new Map(
  [...text.matchAll(/<!-- (\w+) -->\n```js\n(.*?)```/gs)].map(([, name = "", code = ""]) => [name, code]),
);
/** Names that the text uses without defining them. */
const BEFORE: Readonly<Record<string, string>> = {
  nest: `import "reflect-metadata"; import { Module } from "@nestjs/common"; class AppModule {} Module({})(AppModule);`,
  next: `import { createServer } from "node:http"; import { toNodeListener } from "failfast/dashboard";`,
};
const AFTER: Readonly<Record<string, string>> = {
  next: `createServer(toNodeListener((request) => (request.method === "GET" ? GET : POST)(request))).listen(3000);`,
};
const frameworks = [...snippets.keys()].filter((name) => name !== "page");

const folders: string[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  await endProcesses(children);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Runs a snippet unchanged in a process of its own, on a free port. */
async function run(name: string): Promise<string> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "failfast-mounting-"));
  folders.push(folder);
  const code = [
    snippets.get("page"),
    // A circuit that the fleet knows.
    `import { createFailfast } from "failfast";
     await createFailfast({ store: await storeFrom(process.env.FAILFAST_STORE) })("sales", 60).trip({ reason: "x" });`,
    BEFORE[name],
    snippets.get(name),
    AFTER[name],
  ]
    .join("\n")
    .replaceAll(/\b3000\b/g, `${port}`);
  let said = "";
  const env = { ...process.env, FAILFAST_STORE: `file:${folder}` };
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { cwd: root, env });
  children.push(child);
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data) => {
      said += data;
    });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`it ended: ${said}`);
    return fetch(`${url}/circuits/`).then(
      (answer) => answer.ok,
      () => false,
    );
  });
  return url;
}

describe("mounted as the documentation says", () => {
  test.each(frameworks)("%s serves the page, its stream and its actions", async (name) => {
    const url = await run(name);
    expect(await (await fetch(`${url}/circuits/`)).text()).toContain('<script type="module">');
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);

    const left = new AbortController();
    const stream = await fetch(`${url}/circuits/live`, { signal: left.signal });
    expect(stream.headers.get("content-type")).toBe("text/event-stream");
    let heard = "";
    for await (const chunk of stream.body ?? []) {
      heard += new TextDecoder().decode(chunk);
      if (heard.includes('"name":"sales"')) break;
    }
    left.abort();
    expect(heard).toContain("event: snapshot");

    const act = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${url}/circuits/act`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "x-failfast-action": "1", Origin: url, ...headers },
        body: JSON.stringify({ verb: "hold", holds: "open", circuit: "sales", reason: "migration" }),
      });
    expect((await act({})).status).toBe(403);
    expect((await act({ "x-user": "maria", Origin: "http://evil.example" })).status).toBe(403);
    const done = await act({ "x-user": "maria" });
    expect([done.status, await done.json()]).toEqual([200, { stored: true }]);
    const { entries } = (await (await fetch(`${url}/circuits/audit`)).json()) as { entries: object[] };
    expect(entries[0]).toMatchObject({
      verb: "hold",
      circuit: "sales",
      reason: "migration",
      by: expect.stringContaining("maria"),
    });
  });

  test("every framework that the documentation names is covered", () => {
    expect(frameworks).toEqual(["node", "express", "nest", "fastify", "koa", "hono", "next"]);
  });
});

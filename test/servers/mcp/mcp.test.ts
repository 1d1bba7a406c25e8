// `failfast/mcp` with the official SDKs, both majors, over stdio and streamable HTTP.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastFetch } from "../../../src/clients/fetch.js";
import type { McpOptions } from "../../../src/clients/mcp.js";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { type ManualClock, manualClock } from "../../../src/testing/index.js";
import { BY_VERSION, type Connect, type Connected } from "./connect.js";
import { type HttpServer, startHttpServer } from "./start-http-server.js";

const SUM = { content: [{ type: "text", text: "3" }] };
const HUNG = { timeout: 100 };
/** Long enough for a machine that is busy. */
const ANSWERED = { timeout: 30_000 };
/** Stands for the function that connects the transport used. */
const reconnect = async (): Promise<void> => undefined;
const unavailable = (tool: string, seconds = 30) => ({
  content: [
    {
      type: "text",
      text: `The tool "${tool}" is unavailable and was not called: retry in ${seconds} s, not before. Until then go on without it.`,
    },
  ],
  isError: true,
  _meta: { failfast: { circuit: "mcp:sums", retryAfter: seconds } },
});

let clock: ManualClock;
let failfast: Failfast;
let server: HttpServer;
let folder: string;
let broken: string;
let connected: Connected[];
beforeEach(() => {
  clock = manualClock();
  failfast = createFailfast({ clock });
  connected = [];
  folder = mkdtempSync(join(tmpdir(), "failfast-mcp-"));
  broken = join(folder, "broken");
});
afterEach(async () => {
  await Promise.all(connected.map(({ client }) => client.close()));
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function open(connect: Connect, options: McpOptions = {}): Promise<Connected> {
  const one = await connect({ failfast, ...options });
  connected.push(one);
  return one;
}

const failing = (call: Promise<unknown>): Promise<unknown> => expect(call).rejects.toThrow();
const state = (name = "mcp:sums"): string => failfast(name).state;

describe.each([1, 2] as const)("with version %i of the SDK", (version) => {
  const by = BY_VERSION[version];

  describe.each(["stdio", "http"] as const)("over %s", (over) => {
    const start = async (options: McpOptions = {}): Promise<Connected> => {
      if (over === "stdio") return open(by.stdio(version, broken), options);
      server = await startHttpServer(version);
      return open(by.http(server.url), options);
    };

    test("a completed call is a success, even with `isError` or invalid parameters", async () => {
      const { call } = await start({ threshold: 1 });
      for (let n = 0; n < 6; n++) {
        expect(await call("add")).toMatchObject(SUM);
        expect(await call("find")).toMatchObject({ isError: true });
        await expect(call("refuse")).rejects.toThrow("-32602");
      }
      expect(state()).toBe("closed");
    });

    test("a tool that hangs or fails inside opens the circuit, and the model gets the text", async () => {
      const { call } = await start({ consecutive: 3 });
      await failing(call("hang", HUNG));
      await failing(call("break"));
      expect(state()).toBe("closed");
      await failing(call("hang", HUNG));
      expect(state()).toBe("open");
      expect(await call("add")).toEqual(unavailable("add"));
      await clock.advance(10_000);
      expect(await call("hang")).toEqual(unavailable("hang", 20));
      await clock.advance(20_000);
      expect(await call("add", ANSWERED)).toMatchObject(SUM);
      expect(state()).toBe("closed");
    });

    test("a circuit of each tool leaves the other tools alone", async () => {
      const { call } = await start({ threshold: 1, name: ({ server, tool }) => `${server}/${tool}` });
      await failing(call("hang", HUNG));
      expect([state("sums/hang"), state("sums/add")]).toEqual(["open", "closed"]);
      expect(await call("add")).toMatchObject(SUM);
      expect(await call("hang")).toMatchObject({ isError: true });
    });

    test("a caller's abort, and an end because the owner closes the client, count as neither", async () => {
      const { call, guarded } = await start({ threshold: 1 });
      const abort = new AbortController();
      const aborted = failing(call("hang", { signal: abort.signal }));
      abort.abort();
      await aborted;
      const left = failing(call("hang"));
      await guarded.close();
      if (over === "stdio") await left;
      await failing(call("add"));
      expect(state()).toBe("closed");
      // Over HTTP, version 2 lets the calls of a closed client end by themselves.
      left.catch(() => undefined);
    });

    test("a time-out that the caller set by a signal counts", async () => {
      const { call } = await start({ threshold: 1 });
      await failing(call("hang", { signal: AbortSignal.timeout(50) }));
      expect(state()).toBe("open");
    });
  });

  test("a server process that dies opens the circuit, is started again by the probe, and works again", async () => {
    const { call, pid } = await open(by.stdio(version, broken), { consecutive: 3, reconnect });
    expect(await call("add")).toMatchObject(SUM);
    writeFileSync(broken, "");
    process.kill(pid(), "SIGKILL");
    for (let n = 0; n < 3; n++) await failing(call("add", ANSWERED));
    expect(state()).toBe("open");
    expect(await call("add")).toEqual(unavailable("add"));
    rmSync(broken);
    await clock.advance(30_000);
    expect(await call("add")).toMatchObject(SUM);
    expect(state()).toBe("closed");
  });

  test("a server process that dies during a call is started again by the next call", async () => {
    const { call } = await open(by.stdio(version, broken), { reconnect });
    await failing(call("die"));
    expect(await call("add")).toMatchObject(SUM);
    expect(state()).toBe("closed");
  });

  test("without `reconnect` a lost connection stays lost, and is tried once in each open time", async () => {
    const { call } = await open(by.stdio(version, broken), { consecutive: 2 });
    await failing(call("die"));
    await failing(call("add"));
    expect(await call("add")).toEqual(unavailable("add"));
  });

  test("a restarted server has forgotten the session: a new one begins", async () => {
    server = await startHttpServer(version);
    const { call } = await open(by.http(server.url), { consecutive: 3, reconnect });
    expect(await call("add")).toMatchObject(SUM);
    await server.stop();
    await failing(call("add"));
    server = await startHttpServer(version, Number(server.url.port));
    await failing(call("add"));
    expect(await call("add")).toMatchObject(SUM);
    expect(state()).toBe("closed");
  });

  test.each([
    [500, "open"],
    [503, "open"],
    [429, "open"],
    [404, "open"],
    [400, "closed"],
    [401, "closed"],
    [403, "closed"],
  ])("a status of %i leaves it %s", async (status, expected) => {
    server = await startHttpServer(version);
    const { call } = await open(by.http(server.url), { threshold: 1 });
    server.instead = (_, response) => void response.writeHead(status).end("no");
    await failing(call("add"));
    expect(state()).toBe(expected);
  });

  test("a guarded fetch reads Retry-After, and the model gets the text", async () => {
    server = await startHttpServer(version);
    const fetch = failfastFetch({ failfast, name: "sums_http" });
    const { call } = await open(by.http(server.url, { fetch }), { consecutive: 2 });
    expect(await call("add")).toMatchObject(SUM);
    server.instead = (_, response) => void response.writeHead(503, { "Retry-After": "120" }).end();
    await failing(call("add"));
    await failfast("sums_http").trip({ for: 120 });
    const told = await call("add");
    expect(told).toMatchObject({ isError: true, _meta: { failfast: { circuit: "sums_http" } } });
    expect(JSON.stringify(told.content)).toContain("retry in 120 s");
    // A rejection inside a tool is neither: the tool server has not failed.
    expect(state()).toBe("closed");
  });

  test("an agent that would call 700 times makes a handful of calls, and its run goes on", async () => {
    server = await startHttpServer(version);
    const { call } = await open(by.http(server.url));
    server.calls = 0;
    const told = { failed: 0, unavailable: 0 };
    // A model that tries again whatever the result is.
    for (let step = 0; step < 700; step++) {
      const answer = await call("break").catch(() => undefined);
      if (answer === undefined) told.failed++;
      else told.unavailable++;
    }
    expect(server.calls).toBe(5);
    expect(told).toEqual({ failed: 5, unavailable: 695 });
  });
});

test("a circuit that the fleet shares saves each agent the failing calls of another", async () => {
  server = await startHttpServer(2);
  const agents = await Promise.all([1, 2, 3].map(() => open(BY_VERSION[2].http(server.url))));
  for (let n = 0; n < 5; n++) await failing(agents[0]?.call("break") as Promise<unknown>);
  for (const { call } of agents) expect(await call("add")).toEqual(unavailable("add"));
  expect(server.calls).toBe(5);
});

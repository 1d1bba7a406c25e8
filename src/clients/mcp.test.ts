import { beforeEach, describe, expect, test, vi } from "vitest";
import { createFailfast, type Failfast } from "../index.js";
import { type ManualClock, manualClock } from "../testing/index.js";
import { failfastMcp, type McpOptions } from "./mcp.js";

const SUM = { content: [{ type: "text", text: "3" }] };

const coded = (code: number | string, more: object = {}): Error =>
  Object.assign(new Error(`code ${code}`), { code, ...more });

/** As both majors of the SDK create it; the second has a field for the status. */
const httpError = (code: number, text: string): Error =>
  Object.assign(new Error(`Error POSTing to endpoint: ${text}`), { code });

const told = (tool: string, seconds: number): string =>
  `The tool "${tool}" is unavailable and was not called: retry in ${seconds} s, not before. Until then go on without it.`;

/** A client of version 1 of the SDK, in which a schema precedes the options. */
const makeClient = () => ({
  callTool: vi.fn(async (..._args: unknown[]): Promise<unknown> => SUM),
  getServerVersion: (): { name: string } | undefined => ({ name: "sums" }),
});

const makeClientOfVersion2 = () => ({ ...makeClient(), getProtocolEra: () => "modern" });

/** A server of the OpenAI Agents SDK. */
const makeAgentsServer = (name = "sums") => ({
  name,
  callTool: vi.fn(async (..._args: unknown[]): Promise<unknown> => SUM.content),
  callToolResult: vi.fn(async (..._args: unknown[]): Promise<unknown> => SUM),
});

describe("failfastMcp", () => {
  let clock: ManualClock;

  let failfast: Failfast;

  let client: ReturnType<typeof makeClient>;

  const guarded = (options: McpOptions = {}) => failfastMcp(client, { failfast, threshold: 1, ...options });

  const state = (name = "mcp:sums"): string => failfast(name).state;

  beforeEach(() => {
    clock = manualClock();
    failfast = createFailfast({ clock });
    client = makeClient();
  });

  test.each([
    ["an internal error of the protocol", coded(-32_603, { name: "McpError" }), "open"],
    ["a parse error", coded(-32_700, { name: "ProtocolError" }), "open"],
    ["an error of the server's own", coded(-32_050, { name: "McpError" }), "open"],
    ["a time-out", coded(-32_001, { name: "McpError" }), "open"],
    ["a time-out, in version 2", coded("REQUEST_TIMEOUT"), "open"],
    ["a closed connection", coded(-32_000, { name: "McpError" }), "open"],
    ["a closed connection, in version 2", coded("CONNECTION_CLOSED"), "open"],
    ["no connection", new Error("Not connected"), "open"],
    ["an answer that can't be read", coded("INVALID_RESULT"), "open"],
    ["nobody there", new TypeError("fetch failed", { cause: coded("ECONNREFUSED") }), "open"],
    ["a number of HTTP's in the protocol", coded(503, { name: "McpError" }), "open"],
    ["a status of 502", coded(502), "open"],
    ["a status of 502, in version 2", coded("CLIENT_HTTP_NOT_IMPLEMENTED", { status: 502 }), "open"],
    ["a session that is gone", coded(404), "open"],
    ["one that is gone, told as 401", httpError(401, "Unauthorized: Session not found"), "open"],
    [
      "a server that was restarted, told as 400",
      httpError(400, "Bad Request: Server not initialized"),
      "open",
    ],
    ["invalid parameters", coded(-32_602, { name: "McpError" }), "closed"],
    ["no such method", coded(-32_601, { name: "ProtocolError" }), "closed"],
    ["no such resource", coded(-32_002, { name: "ProtocolError" }), "closed"],
    ["a user who has to act", coded(-32_042, { name: "McpError" }), "closed"],
    ["no such tool, in HTTP's numbers", coded(404, { name: "McpError" }), "closed"],
    ["a status of 400", coded(400), "closed"],
    ["a key that is not taken", coded("CLIENT_HTTP_AUTHENTICATION", { status: 401 }), "closed"],
    ["a user who is not signed in", Object.assign(new Error("x"), { name: "UnauthorizedError" }), "closed"],
    ["a capability that is missing", coded("CAPABILITY_NOT_SUPPORTED"), "closed"],
  ])("%s leaves the circuit as it should", async (_, error, expected) => {
    client.callTool.mockRejectedValue(error);
    await expect(guarded().callTool({ name: "add" })).rejects.toBe(error);
    expect(state()).toBe(expected);
  });

  test("stays open after a probe that says nothing about the server", async () => {
    const { callTool } = guarded();
    await failfast("mcp:sums").trip();
    await clock.advance(60_000);
    for (const error of [coded(401), coded("CAPABILITY_NOT_SUPPORTED")]) {
      client.callTool.mockRejectedValueOnce(error);
      await expect(callTool({ name: "add" })).rejects.toBe(error);
      expect(state()).toBe("half-open");
    }
    const cycle: Record<string, unknown> = {};
    cycle["itself"] = cycle;
    client.callTool.mockImplementationOnce(async (asked) => JSON.stringify(asked));
    await expect(callTool({ name: "add", arguments: cycle })).rejects.toThrow(TypeError);
    expect(state()).toBe("half-open");
    expect(await callTool({ name: "add" })).toBe(SUM);
    expect(state()).toBe("closed");
  });

  test("passes arguments through unchanged, and adds its signal to a call with a time-out, if the SDK has one", async () => {
    const asked = { name: "add" };
    const options = { timeout: 5 };
    await guarded().callTool(asked, "schema", options);
    expect(client.callTool.mock.calls).toEqual([[asked, "schema", options]]);
    const late = { failfast, callTimeout: "1s" } as const;
    await failfastMcp(client, late).callTool(asked);
    expect(client.callTool.mock.calls[1]).toEqual([asked, undefined, { signal: expect.any(AbortSignal) }]);
    const version2 = makeClientOfVersion2();
    await failfastMcp(version2, late).callTool(asked, options);
    expect(version2.callTool.mock.calls).toEqual([[asked, { timeout: 5, signal: expect.any(AbortSignal) }]]);
    const server = makeAgentsServer();
    await failfastMcp(server, late).callTool("add", {});
    expect(server.callTool.mock.calls[0]?.[3]).toEqual({ signal: expect.any(AbortSignal) });
  });

  test("aborts the call's signal at a time-out, and counts a failure", async () => {
    let signal: AbortSignal | undefined;
    client.callTool.mockImplementation((_asked, _schema, options) => {
      signal = (options as { signal: AbortSignal }).signal;
      return new Promise(() => undefined);
    });
    const call = expect(guarded({ callTimeout: "1s" }).callTool({ name: "add" })).rejects.toThrow(/1000 ms/);
    await clock.advance(1_001);
    await call;
    expect([signal?.aborted, state()]).toEqual([true, "open"]);
  });

  test("works with a server of the Agents SDK, which answers with content or with a result", async () => {
    const server = makeAgentsServer();
    const guard = failfastMcp(server, { failfast });
    expect([await guard.callTool("add", {}), await guard.callToolResult("add", {})]).toEqual([
      SUM.content,
      SUM,
    ]);
    await failfast("mcp:sums").trip({ for: 20 });
    expect(await guard.callTool("add", {})).toEqual([{ type: "text", text: told("add", 20) }]);
    expect(await guard.callToolResult("add", {})).toMatchObject({ isError: true });
    expect(server.callTool).toHaveBeenCalledTimes(1);
  });

  test.each([
    ["streamable-http: https://ann:secret@mcp.example.com/s/token/mcp?key=1", "mcp:mcp.example.com"],
    ["https://mcp.example.com", "mcp:mcp.example.com"],
    ["stdio: node", "mcp:stdio: node"],
    ["", "mcp:unnamed"],
  ])("gives a server called %s the circuit %s, without its key", async (name, circuit) => {
    const guard = failfastMcp(makeAgentsServer(name), { failfast });
    await guard.callTool("add", {});
    expect([...failfast.circuits()].map((each) => each.name)).toEqual([circuit]);
  });

  test("keeps the server's name after it has gone", async () => {
    const guard = guarded();
    await guard.callTool({ name: "add" });
    client.getServerVersion = () => undefined;
    await guard.callTool({ name: "add" });
    expect([...failfast.circuits()].map((each) => each.name)).toEqual(["mcp:sums"]);
  });

  test("counts apart for a tool and its server, and neither counts the other's rejections", async () => {
    const shared = failfastMcp(client, { failfast, consecutive: 2 });
    const guard = failfastMcp(shared, { failfast, threshold: 1, name: ({ tool }) => `sums/${tool}` });
    client.callTool.mockRejectedValueOnce(coded(-32_603));
    await expect(guard.callTool({ name: "add" })).rejects.toThrow();
    expect([state("sums/add"), state("mcp:sums")]).toEqual(["open", "closed"]);
    await failfast("mcp:sums").trip({ for: 120 });
    expect(await guard.callTool({ name: "find" })).toMatchObject({
      _meta: { failfast: { circuit: "mcp:sums", retryAfter: 120 } },
    });
    await clock.advance(60_000);
    // Its own open time is over, but its probe meets the other circuit, which says nothing about the tool.
    expect(await guard.callTool({ name: "add" })).toMatchObject({ isError: true });
    expect(state("sums/add")).toBe("half-open");
  });

  test("tells the model the configured text", async () => {
    const guard = guarded({
      tellModel: ({ circuit, retryAfter }, tool) => `${tool} ${circuit} ${retryAfter}`,
    });
    await failfast("mcp:sums").trip({ for: 5 });
    expect(await guard.callTool({ name: "add" })).toMatchObject({ content: [{ text: "add mcp:sums 5" }] });
  });

  test.each([
    httpError(404, "{}"),
    httpError(400, "Bad Request: No valid session ID provided"),
    httpError(400, "Bad Request: Server not initialized"),
    httpError(401, "Unauthorized: Session not found"),
    httpError(503, "Unknown session"),
    coded("CLIENT_HTTP_NOT_IMPLEMENTED", { status: 404 }),
    coded("CONNECTION_CLOSED"),
    new Error("MCP error -32000: Connection closed"),
    new Error("Server not initialized. Make sure you call connect() first."),
  ])("begins a new session for the next call if the session is gone: %s", async (error) => {
    const reconnect = vi.fn(async () => undefined);
    const guard = failfastMcp(client, { failfast, reconnect });
    client.callTool.mockRejectedValueOnce(error);
    await expect(guard.callTool({ name: "add" })).rejects.toBe(error);
    expect(await guard.callTool({ name: "add" })).toBe(SUM);
    await guard.callTool({ name: "add" });
    expect(reconnect).toHaveBeenCalledTimes(1);
  });

  test("otherwise behaves as the client: class, private fields, own properties", async () => {
    class Private {
      #calls = 0;
      onclose: (() => void) | undefined;
      async callTool(_asked: { name: string }): Promise<number> {
        return ++this.#calls;
      }
      get calls(): number {
        return this.#calls;
      }
      again(): number {
        return ++this.#calls;
      }
    }
    const own = new Private();
    const guard = failfastMcp(own, { failfast });
    expect(await guard.callTool({ name: "add" })).toBe(1);
    expect([guard.again(), guard.calls, guard instanceof Private]).toEqual([2, 2, true]);
    const { again } = guard;
    expect([guard.again, guard.constructor]).toEqual([again, Private]);
    const onclose = (): void => undefined;
    guard.onclose = onclose;
    expect(own.onclose).toBe(onclose);
  });

  test("refuses anything but a client, and wrong options", () => {
    expect(() => failfastMcp({} as never)).toThrow(/takes a client/);
    expect(() => failfastMcp(null as never)).toThrow(TypeError);
    for (const options of [{ reconnect: 1 }, { tellModel: "x" }, { name: 1 }, { other: 1 }, "x"])
      expect(() => failfastMcp(client, options as never)).toThrow(TypeError);
  });
});

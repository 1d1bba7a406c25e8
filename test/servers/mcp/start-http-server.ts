import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { NodeStreamableHTTPServerTransport } from "@modelcontextprotocol/node";
import { Server as Server1 } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { Server } from "@modelcontextprotocol/server";
import { called, listed } from "./tools.mjs";

export interface HttpServer {
  readonly url: URL;
  /** Answers requests instead of the protocol's server, as long as it is set. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** How many tool calls have reached it. */
  calls: number;
  stop(): Promise<void>;
}

interface Transport {
  readonly sessionId?: string | undefined;
  handleRequest(request: IncomingMessage, response: ServerResponse, body?: unknown): Promise<void>;
}

const INFO = { name: "sums", version: "1.0.0" };
const ABLE = { capabilities: { tools: {} } };

/**
 * Serves the tools over streamable HTTP, with that version of the SDK. Only the server that began a session knows it.
 */
export async function startHttpServer(version: 1 | 2, port = 0): Promise<HttpServer> {
  const sessions = new Map<string, Transport>();
  const begin = version === 1 ? beginWithVersion1 : beginWithVersion2;
  const server = createServer(async (request, response) => {
    const { instead } = started;
    if (instead !== undefined) return instead(request, response);
    const body = request.method === "POST" ? await bodyOf(request) : undefined;
    if ((body as { method?: string } | undefined)?.method === "tools/call") started.calls++;
    const id = request.headers["mcp-session-id"];
    if (typeof id === "string" && !sessions.has(id)) return void response.writeHead(404).end();
    const transport =
      typeof id === "string"
        ? (sessions.get(id) as Transport)
        : await begin((its, made) => sessions.set(its, made));
    await transport.handleRequest(request, response, body);
  });
  await new Promise<void>((listens) => server.listen(port, "127.0.0.1", listens));
  const started: HttpServer = {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`),
    instead: undefined,
    calls: 0,
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped());
        server.closeAllConnections();
      }),
  };
  return started;
}

type Begun = (id: string, transport: Transport) => void;

async function beginWithVersion1(begun: Begun): Promise<Transport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => begun(id, transport),
  });
  const server = new Server1(INFO, ABLE);
  server.setRequestHandler(ListToolsRequestSchema, async () => listed);
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => called(params as never));
  await server.connect(transport as never);
  return transport;
}

async function beginWithVersion2(begun: Begun): Promise<Transport> {
  const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id: string) => begun(id, transport),
  });
  const server = new Server(INFO, ABLE);
  server.setRequestHandler("tools/list", async () => listed);
  server.setRequestHandler("tools/call", ({ params }) => called(params as never));
  await server.connect(transport);
  return transport;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

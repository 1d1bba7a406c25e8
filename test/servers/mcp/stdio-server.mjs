// node stdio-server.mjs 1|2 FILE: the tools over stdio, with that version of the SDK. It dies at once while FILE
// exists.
import { existsSync } from "node:fs";
import { called, listed } from "./tools.mjs";

const [, , version, broken] = process.argv;
if (existsSync(broken)) process.exit(1);

const info = { name: "sums", version: "1.0.0" };
const able = { capabilities: { tools: {} } };
if (version === "1") {
  const { Server } = await import("@modelcontextprotocol/sdk/server/index.js");
  const { StdioServerTransport } = await import("@modelcontextprotocol/sdk/server/stdio.js");
  const { CallToolRequestSchema, ListToolsRequestSchema } = await import(
    "@modelcontextprotocol/sdk/types.js"
  );
  const server = new Server(info, able);
  server.setRequestHandler(ListToolsRequestSchema, async () => listed);
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => called(params));
  await server.connect(new StdioServerTransport());
} else {
  const { Server } = await import("@modelcontextprotocol/server");
  const { StdioServerTransport } = await import("@modelcontextprotocol/server/stdio");
  const server = new Server(info, able);
  server.setRequestHandler("tools/list", async () => listed);
  server.setRequestHandler("tools/call", ({ params }) => called(params));
  await server.connect(new StdioServerTransport());
}

import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioClientTransport1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as StreamableHTTPClientTransport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { failfastMcp, type McpOptions } from "../../../src/clients/mcp.js";

const PROGRAM = fileURLToPath(new URL("stdio-server.mjs", import.meta.url));
const INFO = { name: "tests", version: "1.0.0" };

interface Answer {
  readonly content?: unknown;
  readonly isError?: boolean | undefined;
}

interface Limits {
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** A guarded client of either version of the SDK, and the client without its guard. */
export interface Connected {
  readonly pid: () => number;
  readonly client: { close(): Promise<void> };
  readonly guarded: { close(): Promise<void> };
  call(tool: string, limits?: Limits): Promise<Answer>;
}

const asked = (name: string) => ({ name, arguments: { a: 1, b: 2 } });

/** How a client is connected, by its options. */
export type Connect = (options: McpOptions) => Promise<Connected>;

interface Transports<T> {
  readonly stdio: (parameters: { command: string; args: string[] }) => T;
  readonly http: (url: URL, options: object) => T;
}

function connecting<T>(
  transports: Transports<T>,
  guard: (options: McpOptions) => Omit<Connected, "pid"> & { connect(transport: T): Promise<void> },
) {
  const connect = async (options: McpOptions, transport: () => T): Promise<Connected> => {
    let its: T;
    const again = (): Promise<void> => {
      its = transport();
      return guarded.connect(its);
    };
    const guarded = guard({ ...options, ...(options.reconnect && { reconnect: again }) });
    await again();
    return { ...guarded, pid: () => (its as { pid?: number }).pid ?? 0 };
  };
  return {
    /** `reconnect`, if given, becomes the right function. */
    stdio:
      (version: 1 | 2, broken: string): Connect =>
      (options) =>
        connect(options, () =>
          transports.stdio({ command: execPath, args: [PROGRAM, String(version), broken] }),
        ),
    http:
      (url: URL, more: object = {}): Connect =>
      (options) =>
        connect(options, () => transports.http(url, more)),
  };
}

const version1 = connecting(
  {
    stdio: (parameters) => new StdioClientTransport1(parameters),
    http: (url, options) => new StreamableHTTPClientTransport1(url, options) as never,
  },
  (options) => {
    const client = new Client1(INFO);
    const guarded = failfastMcp(client, options);
    return {
      client,
      guarded,
      connect: (transport) => client.connect(transport),
      call: (tool, limits) => guarded.callTool(asked(tool), undefined, limits) as Promise<Answer>,
    };
  },
);

const version2 = connecting<StdioClientTransport | StreamableHTTPClientTransport>(
  {
    stdio: (parameters) => new StdioClientTransport(parameters),
    http: (url, options) => new StreamableHTTPClientTransport(url, options),
  },
  (options) => {
    const client = new Client(INFO);
    const guarded = failfastMcp(client, options);
    return {
      client,
      guarded,
      connect: (transport) => client.connect(transport),
      call: (tool, limits) => guarded.callTool(asked(tool), limits),
    };
  },
);

/** By the version of the SDK. */
export const BY_VERSION = { 1: version1, 2: version2 } as const;

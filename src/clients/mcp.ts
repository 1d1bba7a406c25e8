import type { Verdict } from "../call/call-policy.js";
import { type AbortSignalLike, Caller } from "../call/reported-call.js";
import { checkFunction } from "../call/wrap.js";
import { type FailfastError, rejectionIn } from "../errors/failfast-error.js";
import { checkObject } from "../options/check-options.js";
import { formatValue } from "../options/format-value.js";
import { guardedObject } from "./guarded-object.js";
import { McpConnection } from "./mcp-connection.js";
import { verdictOf } from "./mcp-verdict.js";
import { type ClientOptions, checkName, circuitsNamed } from "./named.js";
import { type TellModel, tellModel } from "./tell-model.js";
import { withField } from "./tool-signal.js";

/** A call of a tool, for naming its circuit. */
export interface McpCall {
  /** The name that the server gives itself. */
  readonly server: string;
  readonly tool: string;
}

/** The options of a guard for calls over MCP: those of its circuits, and these. */
export interface McpOptions extends ClientOptions {
  /**
   * Names the circuit of a call: one for all, or a function, for example of the tool. Default: `mcp:` and the server's
   * own name. Give a name if you don't know the server's own name, or if two servers have the same one.
   */
  readonly name?: string | ((call: McpCall) => string);
  /**
   * Connects the client to a new transport. It is called by a call that the circuit admits when the connection is lost:
   * the server's process has died, or its session is gone. The client is closed before. Default: the connection stays
   * lost.
   */
  readonly reconnect?: () => PromiseLike<unknown>;
  /** What the model is told while the circuit is open. Default: that the tool is unavailable, and when to retry. */
  readonly tellModel?: TellModel;
}

/**
 * The parts that are used of a client of the Model Context Protocol's SDKs, or of a server of the OpenAI Agents SDK.
 */
export interface McpClient {
  callTool(...args: never[]): PromiseLike<unknown>;
}

type AnyCall = (...args: unknown[]) => PromiseLike<unknown>;

/** Other parts that they may have. */
interface Details {
  readonly name?: unknown;
  readonly transport?: unknown;
  callTool: AnyCall;
  callToolResult?: AnyCall;
  getServerVersion?(): { readonly name?: unknown } | undefined;
  getProtocolEra?: unknown;
  connect?: AnyCall;
  close?(): PromiseLike<unknown>;
}

/**
 * The same client with a circuit around `callTool`. While it is open no call reaches the server, and the model gets an
 * answer that says so (`isError: true`) and when to retry, so that its run goes on.
 *
 * ```ts
 * const github = failfastMcp(client, { name: "github_mcp", callTimeout: "20s" });
 * await github.callTool({ name: "search", arguments: { query } });
 * ```
 *
 * A call that completes is a success, even with `isError`: the server has answered. Failures: a time-out, a closed
 * connection, a network error, an internal error of the protocol (-32603) and a status of 408, 429 and 500 and more.
 * Other errors of the protocol, such as invalid parameters, are an answer to the caller, and a success. Neither: a
 * caller's own abort, 401, 403, and calls that end because the returned client was closed.
 *
 * @throws {TypeError} something that is not a client, or a wrong option; when it is made.
 */
export function failfastMcp<C extends McpClient>(client: C, options: McpOptions = {}): C {
  if (typeof (client as Partial<C> | null)?.callTool !== "function")
    throw new TypeError(`failfastMcp takes a client, with a method callTool; this is ${formatValue(client)}`);
  checkObject(options);
  const { name, reconnect, tellModel: tell = tellModel, ...rest } = options;
  checkName(name);
  checkFunction(tell);
  if (reconnect !== undefined) checkFunction(reconnect);
  const target = client as unknown as Details;
  const connection = new McpConnection(target, reconnect);
  const serverName = serverNameOf(target);
  const judged = (error: unknown): Verdict => {
    const verdict = verdictOf(error);
    return verdict === "failure" && connection.closedByOwner ? "neither" : verdict;
  };
  const circuitOf = circuitsNamed(name ?? (({ server }: McpCall) => `mcp:${server}`), rest, {
    exceptions: (error) => judged(error) === "failure",
    ignore: (error) => judged(error) === "neither",
  });

  const guarded =
    (method: "callTool" | "callToolResult"): AnyCall =>
    async (...args) => {
      const tool = toolOf(args);
      const at = optionsAt(args, target);
      const caller = new Caller((args[at] as CallOptions | undefined)?.signal);
      try {
        return await circuitOf({ server: serverName(), tool }).run(
          async (signal: unknown) => {
            const epoch = await connection.ready(signal as AbortSignalLike);
            try {
              const answer = await target[method]?.(
                ...(signal === caller ? args : withField(args, at, "signal", signal)),
              );
              const rejection = REJECTIONS.get(answer as object);
              // Another guard inside answered, not the server.
              if (rejection !== undefined) throw rejection;
              connection.answered(epoch);
              return answer;
            } catch (error) {
              connection.failed(error, epoch);
              if (error instanceof TypeError && !isSerializable(args)) caller.leave();
              throw error;
            }
          },
          { signal: caller as never },
        );
      } catch (error) {
        const rejection = rejectionIn(error);
        if (rejection === undefined) throw error;
        const ofAgents = typeof args[0] === "string" && method === "callTool";
        return answerOf(tell(rejection, tool), rejection, ofAgents);
      }
    };

  const methods = new Map<PropertyKey, unknown>([
    ["callTool", guarded("callTool")],
    [
      "connect",
      (...args: unknown[]) => {
        connection.opened();
        return target.connect?.(...args);
      },
    ],
    [
      "close",
      () => {
        connection.closed();
        return target.close?.();
      },
    ],
  ]);
  if (typeof target.callToolResult === "function") methods.set("callToolResult", guarded("callToolResult"));
  return guardedObject(client, (name) => methods.get(name));
}

/** The options of one call. */
interface CallOptions {
  readonly signal?: AbortSignalLike | null;
}

/** The SDKs pass an object with the tool's name, the Agents SDK passes the name. */
const toolOf = ([given]: readonly unknown[]): string =>
  typeof given === "string" ? given : String((given as { name?: unknown } | undefined)?.name);

/** The position of the options among the arguments: version 1 of the SDK has a schema before them. */
function optionsAt([given]: readonly unknown[], { getProtocolEra }: Details): number {
  if (typeof given === "string") return 3;
  return typeof getProtocolEra === "function" ? 1 : 2;
}

/** The rejections behind answers of guards. */
const REJECTIONS = new WeakMap<object, FailfastError>();

/** The answer that replaces the server's. @param bare only the content, as the Agents SDK takes it. */
function answerOf(text: string, rejection: FailfastError, bare: boolean): object {
  const { circuit, retryAfter } = rejection;
  const content = [{ type: "text", text }];
  const answer = bare ? content : { content, isError: true, _meta: { failfast: { circuit, retryAfter } } };
  REJECTIONS.set(answer, rejection);
  return answer;
}

/** Arguments that can't be sent are the caller's mistake. */
function isSerializable(args: readonly unknown[]): boolean {
  try {
    JSON.stringify(args.slice(0, 2));
    return true;
  } catch {
    return false;
  }
}

/**
 * The server's own name, also after the server is gone. The Agents SDK names servers after their URL, which may contain
 * a key, so only the host is used.
 */
function serverNameOf(client: Details): () => string {
  let last = "unnamed";
  return () => {
    const name = client.getServerVersion?.()?.name ?? client.name;
    if (typeof name === "string" && name !== "") last = /:\/\/(?:[^/]*@)?([^/?#]+)/.exec(name)?.[1] ?? name;
    return last;
  };
}

import type { Verdict } from "../call/policy.js";
import { type AbortSignalLike, Caller } from "../call/report.js";
import { checkFunction } from "../call/wrap.js";
import { type FailfastError, rejectionIn } from "../errors/failfast-error.js";
import { checkObject } from "../options/check-options.js";
import { formatValue } from "../options/format-value.js";
import { guardedObject } from "./guarded-object.js";
import { McpConnection } from "./mcp-connection.js";
import { verdictOf } from "./mcp-verdict.js";
import { type ClientOptions, checkName, circuitsNamed } from "./named.js";
import { type TellModel, tellModel } from "./tell-model.js";

/** A call of a tool, for naming its circuit. */
export interface McpCall {
  /** What the server calls itself. */
  readonly server: string;
  readonly tool: string;
}

export interface McpOptions extends ClientOptions {
  /**
   * Names the circuit of a call: one for all, or a function, of the tool say. Default: `mcp:` and what the server calls
   * itself. Give one where you don't know what the server calls itself, or two servers call themselves the same.
   */
  readonly name?: string | ((call: McpCall) => string);
  /**
   * Connects the client to a new transport. Called by a call that the circuit admits, where the connection is lost: the
   * process of a server has died, or its session is gone. The client is closed before. Default: it stays lost.
   */
  readonly reconnect?: () => PromiseLike<unknown>;
  /** What the model is told while the circuit is open. Default: that the tool is unavailable, and when to retry. */
  readonly tellModel?: TellModel;
}

/** What is taken of a client of the Model Context Protocol's SDKs, or of a server of the OpenAI Agents SDK. */
export interface McpClient {
  callTool(...args: never[]): PromiseLike<unknown>;
}

type AnyCall = (...args: unknown[]) => PromiseLike<unknown>;

/** What else they have. */
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
 * The same client with a circuit around `callTool`: while it is open no call reaches the server, and the model gets an
 * answer that says so (`isError: true`) and when to retry, so that its run goes on.
 *
 * ```ts
 * const github = failfastMcp(client, { name: "github_mcp", callTimeout: "20s" });
 * await github.callTool({ name: "search", arguments: { query } });
 * ```
 *
 * A call that completes is a success, with `isError` too: the server has answered. A time-out, a closed connection, a
 * network error, an internal error of the protocol (-32603) and a status of 408, 429 and 500 and more are failures.
 * Another error of the protocol, invalid parameters say, is an answer to its caller, and a success. A caller's own abort,
 * 401, 403, and what ends because the client was closed through what this gives are neither.
 *
 * @throws {TypeError} what is no client, or a wrong option, when it is made.
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
      const caller = new Caller((args[at] as Asked | undefined)?.signal);
      try {
        return await circuitOf({ server: serverName(), tool }).run(
          async (signal: unknown) => {
            const epoch = await connection.ready(signal as AbortSignalLike);
            try {
              const answer = await target[method]?.(...under(signal, caller, args, at));
              const rejection = REJECTIONS.get(answer as object);
              // Another guard within has answered, not the server.
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
  return guardedObject(client, methods);
}

interface Asked {
  readonly signal?: AbortSignalLike | null;
}

/** The SDKs give an object with the tool's name, the Agents SDK the name itself. */
const toolOf = ([given]: readonly unknown[]): string =>
  typeof given === "string" ? given : String((given as { name?: unknown } | undefined)?.name);

/** Where among the arguments the options are: version 1 of the SDK has a schema before them. */
function optionsAt([given]: readonly unknown[], { getProtocolEra }: Details): number {
  if (typeof given === "string") return 3;
  return typeof getProtocolEra === "function" ? 1 : 2;
}

/** The arguments with the circuit's signal, where a deadline needs one; otherwise as they are. */
function under(signal: unknown, caller: Caller, args: readonly unknown[], at: number): unknown[] {
  const its = [...args];
  if (signal === caller) return its;
  while (its.length < at) its.push(undefined);
  its[at] = { ...(args[at] as object | undefined), signal };
  return its;
}

/** The rejections behind answers of guards. */
const REJECTIONS = new WeakMap<object, FailfastError>();

/** What is answered in place of the server. @param bare the content alone, as the Agents SDK takes it. */
function answerOf(text: string, rejection: FailfastError, bare: boolean): object {
  const { circuit, retryAfter } = rejection;
  const content = [{ type: "text", text }];
  const answer = bare ? content : { content, isError: true, _meta: { failfast: { circuit, retryAfter } } };
  REJECTIONS.set(answer, rejection);
  return answer;
}

/** Arguments that can't be sent are their caller's mistake. */
function isSerializable(args: readonly unknown[]): boolean {
  try {
    JSON.stringify(args.slice(0, 2));
    return true;
  } catch {
    return false;
  }
}

/**
 * What the server calls itself, also after it is gone. The Agents SDK names servers after their URL, which may have a key
 * in it: of that only the host is taken.
 */
function serverNameOf(client: Details): () => string {
  let last = "unnamed";
  return () => {
    const name = client.getServerVersion?.()?.name ?? client.name;
    if (typeof name === "string" && name !== "") last = /:\/\/(?:[^/]*@)?([^/?#]+)/.exec(name)?.[1] ?? name;
    return last;
  };
}

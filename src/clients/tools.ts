import { checkFunction } from "../call/wrap.js";
import { type FailfastError, rejectionIn } from "../errors/failfast-error.js";
import { checkObject } from "../options/check-options.js";
import { formatValue } from "../options/format-value.js";
import { guardedObject } from "./guarded-object.js";
import { type ClientOptions, checkName, circuitsNamed } from "./named.js";
import { tellModel } from "./tell-model.js";
import { signalOf, ToolCaller, withSignal } from "./tool-signal.js";
import { lastOf, streamedTool } from "./tool-stream.js";
import { verdictOfTool } from "./tool-verdict.js";

/** The options of a guard for an agent's tools. */
export interface ToolsOptions extends ClientOptions {
  /** Names the circuit of a tool: one for all, or a function of its name. Default: `tool:` and the name. */
  readonly name?: string | ((tool: string) => string);
  /**
   * What the model is told while the circuit is open. Default: that the tool is unavailable, and when to retry. A value
   * that is not a string replaces the tool's output.
   */
  readonly tellModel?: (error: FailfastError, tool: string) => unknown;
}

/**
 * The same tools with a circuit around each: a tool set of the AI SDK, or tools of LangChain.js, one or a list. While a
 * circuit is open its tool is not called. The model gets an error of the tool that says so and when to retry, so that
 * its run goes on.
 *
 * ```ts
 * const tools = failfastTools({ weather, search }, { callTimeout: "20s" });
 * const { text } = await generateText({ model, tools, prompt });
 * ```
 *
 * An error thrown by a tool is a failure, except one with a status of 400 to 499 (but not 408 or 429): that is an
 * answer, and a success. Neither: a caller's own abort, an input that does not fit the tool's schema, and an interrupt
 * of LangGraph. A returned value is a success, unless `results` says otherwise. Tools that the model's provider runs
 * itself are left unchanged.
 *
 * @throws {TypeError} something that is not a tool, or a wrong option; when it is made. Also tools made by `tool()` of
 * the OpenAI Agents SDK, which hide their failures: see {@link failfastTool}.
 */
export function failfastTools<T extends object>(tools: T, options: ToolsOptions = {}): T {
  const guard = toolGuard(options);
  if (Array.isArray(tools)) return tools.map((each) => guardedTool(guard, each)) as unknown as T;
  const given = tools as Tool | null;
  if (typeof given !== "object" || given === null)
    throw new TypeError(`failfastTools takes tools; this is ${formatValue(tools)}`);
  if (isLangChains(given) || typeof given.execute === "function" || isAgents(given))
    return guardedTool(guard, given) as T;
  const each = Object.entries(given).map(([name, tool]) => [name, guardedTool(guard, tool as Tool, name)]);
  return Object.fromEntries(each) as T;
}

/**
 * A tool's function with a circuit around it, for any SDK that takes a function, such as `execute` of `tool()` of the
 * OpenAI Agents SDK. While the circuit is open it returns the text for the model. It counts as {@link failfastTools}
 * does.
 *
 * ```ts
 * const weather = tool({ name, description, parameters, execute: failfastTool("weather", async ({ city }) => …) });
 * ```
 *
 * @param tool its name, as the model knows it.
 * @throws {TypeError} anything that is not a function, or a wrong option; when it is made.
 */
export function failfastTool<A extends readonly unknown[], R>(
  tool: string,
  execute: (...args: A) => R,
  options: ToolsOptions = {},
): (...args: A) => Promise<Awaited<R> | string> {
  checkFunction(execute);
  const guard = toolGuard(options);
  return ((...args: unknown[]) =>
    guard
      .ask(tool, args, (asked) => (execute as AnyFunction)(...asked))
      .catch((error: unknown) => {
        const rejection = rejectionIn(error);
        if (rejection === undefined) throw error;
        return guard.tell(rejection, tool);
      })) as never;
}

type AnyFunction = (...args: unknown[]) => unknown;

/** The fields that tools of the supported SDKs may have. */
interface Tool {
  readonly name?: string;
  readonly type?: unknown;
  readonly execute?: AnyFunction;
  readonly invoke?: AnyFunction;
  readonly call?: AnyFunction;
  readonly _call?: unknown;
  readonly responseFormat?: unknown;
}

interface ToolGuard {
  readonly circuitOf: ReturnType<typeof circuitsNamed<[string]>>;
  readonly tell: (error: FailfastError, tool: string) => unknown;
  ask(tool: string, args: unknown[], call: (args: unknown[]) => unknown): Promise<unknown>;
}

function toolGuard(options: ToolsOptions): ToolGuard {
  checkObject(options);
  const { name, tellModel: tell = tellModel, ...rest } = options;
  checkName(name);
  checkFunction(tell);
  const circuitOf = circuitsNamed(name ?? ((tool: string) => `tool:${tool}`), rest, {
    exceptions: (error) => verdictOfTool(error) === "failure",
    ignore: (error) => verdictOfTool(error) === "neither",
    retryAfter: true,
  });
  return {
    circuitOf,
    tell,
    ask: (tool, args, call) => {
      const caller = new ToolCaller(signalOf(args));
      return circuitOf(tool).run(async (signal: unknown) => call(withSignal(signal, caller, args)), {
        signal: caller as never,
      });
    },
  };
}

function guardedTool(guard: ToolGuard, tool: Tool, key?: string): unknown {
  if (typeof tool !== "object" || tool === null) return tool;
  const name = key ?? String(tool.name);
  if (isLangChains(tool)) return langChains(guard, tool, name);
  if (isAgents(tool))
    throw new TypeError(
      `the tool "${name}" hides its failures: guard the function that it is made of, tool({ execute: failfastTool("${name}", …) })`,
    );
  const { execute } = tool;
  return execute === undefined ? tool : aiSdks(guard, tool, execute, name);
}

const isLangChains = ({ invoke, _call }: Tool): boolean =>
  typeof invoke === "function" && typeof _call === "function";

const isAgents = ({ type, invoke }: Tool): boolean => type === "function" && typeof invoke === "function";

/** The SDK turns a thrown error into an error of the tool, and tells the model. */
function aiSdks(guard: ToolGuard, tool: Tool, execute: AnyFunction, name: string): object {
  const unavailable = (error: unknown): unknown => {
    const rejection = rejectionIn(error);
    if (rejection === undefined) throw error;
    const answer = guard.tell(rejection, name);
    if (typeof answer === "string") throw new ToolUnavailableError(answer, rejection);
    return answer;
  };
  const isGenerator = Object.prototype.toString.call(execute) === "[object AsyncGeneratorFunction]";
  const guarded: AnyFunction = isGenerator
    ? (...args) => {
        const caller = new ToolCaller(signalOf(args));
        const open = (signal: unknown) => execute.call(tool, ...withSignal(signal, caller, args));
        return streamedTool(guard.circuitOf(name), caller, open, unavailable);
      }
    : (...args) =>
        guard.ask(name, args, async (asked) => lastOf(await execute.call(tool, ...asked))).catch(unavailable);
  const { execute: property, ...others } = Object.getOwnPropertyDescriptors(tool);
  return Object.create(Object.getPrototypeOf(tool), {
    ...others,
    execute: { value: guarded, enumerable: property?.enumerable ?? true, configurable: true, writable: true },
  });
}

/** Told by a tool message with the status of an error. */
function langChains(guard: ToolGuard, tool: Tool, name: string): object {
  const guarded =
    (method: "invoke" | "call"): AnyFunction =>
    async (...args) => {
      try {
        return await guard.ask(name, args, (asked) => tool[method]?.(...asked));
      } catch (error) {
        const rejection = rejectionIn(error);
        if (rejection === undefined) throw error;
        const answer = guard.tell(rejection, name);
        // The tool makes a message of this value itself, as it does of its own output.
        const output = tool.responseFormat === "content_and_artifact" ? [answer, undefined] : answer;
        const answering: Tool = Object.create(tool, { _call: { value: async () => output } });
        const message = await answering[method]?.(...args);
        const hasStatus = typeof message === "object" && message !== null && "status" in message;
        if (hasStatus && typeof answer === "string") message.status = "error";
        return message;
      }
    };
  const methods = new Map<PropertyKey, AnyFunction>([
    ["invoke", guarded("invoke")],
    ["call", guarded("call")],
  ]);
  return guardedObject(tool, (name) => methods.get(name));
}

/** An error for the model: the model reads its message, and its cause is the rejection. */
class ToolUnavailableError extends Error {
  override readonly name = "ToolUnavailableError";

  constructor(message: string, cause: unknown) {
    super(message, { cause });
  }
}

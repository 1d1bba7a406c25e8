// `failfast/tools` with the real SDKs: an agent's run goes on while a tool's circuit is open.
import { fileURLToPath } from "node:url";
import { tool as langChainTool } from "@langchain/core/tools";
import {
  Agent,
  MCPServerStdio,
  type Model,
  type ModelResponse,
  run,
  setTracingDisabled,
  tool,
  Usage,
} from "@openai/agents";
import { tool as aiTool, generateText, stepCountIs } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { failfastMcp } from "../../../src/clients/mcp.js";
import { failfastTool, failfastTools } from "../../../src/clients/tools.js";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { type ManualClock, manualClock } from "../../../src/testing/index.js";

const TOLD =
  'The tool "weather" is unavailable and was not called: retry in 30 s, not before. Until then go on without it.';
const STEPS = 700;

let clock: ManualClock;
let failfast: Failfast;
let calls: number;
beforeEach(() => {
  clock = manualClock();
  failfast = createFailfast({ clock });
  calls = 0;
});

const CITY = z.object({ city: z.string() });
const forecast = async ({ city }: { city: string }): Promise<string> => {
  calls++;
  if (city === "nowhere") throw new Error("the weather service is down");
  return `fair in ${city}`;
};

describe("AI SDK", () => {
  const USAGE = { inputTokens: { total: 1 }, outputTokens: { total: 1 } } as never;
  /** The results that the model got from its tools, newest first. */
  const told: unknown[] = [];

  /** A model that calls the tool again as often as it may. */
  const stubborn = (city: string) =>
    new MockLanguageModelV3({
      doGenerate: async ({ prompt }) => {
        const last = prompt.at(-1);
        if (last?.role === "tool") told.unshift(last.content[0]);
        return {
          content: [
            {
              type: "tool-call",
              toolCallId: String(prompt.length),
              toolName: "weather",
              input: JSON.stringify({ city }),
            },
          ],
          finishReason: { unified: "tool-calls", raw: "tool_calls" },
          usage: USAGE,
          warnings: [],
        } as never;
      },
    });

  test("an agent that would call 700 times makes a handful of calls, and its run goes on", async () => {
    const tools = failfastTools(
      { weather: aiTool({ description: "the weather", inputSchema: CITY, execute: forecast }) },
      { failfast },
    );
    const { steps } = await generateText({
      model: stubborn("nowhere"),
      tools,
      prompt: "the weather?",
      stopWhen: stepCountIs(30),
    });
    expect([steps.length, calls]).toEqual([30, 5]);
    expect(told[0]).toMatchObject({ output: { type: "error-text", value: expect.stringContaining(TOLD) } });
    expect(steps.at(-1)?.content.at(-1)).toMatchObject({ type: "tool-error" });
    const execute = tools.weather.execute as (input: object, options: object) => Promise<string>;
    for (let step = 30; step < STEPS; step++)
      await expect(execute({ city: "nowhere" }, { toolCallId: "1" })).rejects.toThrow(TOLD);
    expect(calls).toBe(5);
    await clock.advance(30_000);
    const { steps: again } = await generateText({
      model: stubborn("Rome"),
      tools,
      prompt: "the weather?",
      stopWhen: stepCountIs(2),
    });
    expect(again[0]?.toolResults[0]).toMatchObject({ output: "fair in Rome" });
  });

  test("a tool that hangs is aborted by its signal, under the run's own limit too", async () => {
    let aborted = 0;
    const hang = (_: unknown, { abortSignal }: { abortSignal?: AbortSignal }): Promise<string> =>
      new Promise((_resolve, reject) =>
        abortSignal?.addEventListener("abort", () => {
          aborted++;
          reject(abortSignal.reason);
        }),
      );
    const tools = failfastTools(
      { weather: aiTool({ description: "the weather", inputSchema: CITY, execute: hang }) },
      { failfast, threshold: 1 },
    );
    const run = generateText({
      model: stubborn("Rome"),
      tools,
      prompt: "the weather?",
      stopWhen: stepCountIs(2),
      abortSignal: AbortSignal.timeout(200),
    });
    await run.catch(() => undefined);
    expect([aborted, failfast("tool:weather").state]).toEqual([1, "open"]);
  });
});

describe("LangChain.js", () => {
  const call = (city: unknown) => ({ name: "weather", args: { city }, id: "1", type: "tool_call" as const });
  const fields = { name: "weather", description: "the weather", schema: CITY };

  test("the model gets a tool message with the status of an error", async () => {
    const weather = failfastTools(langChainTool(forecast, fields), { failfast });
    for (let n = 0; n < 5; n++) await expect(weather.invoke(call("nowhere"))).rejects.toThrow("is down");
    const message = await weather.invoke(call("nowhere"));
    expect(message).toMatchObject({ content: TOLD, status: "error", tool_call_id: "1", name: "weather" });
    expect(await weather.invoke({ city: "Rome" })).toBe(TOLD);
    expect(calls).toBe(5);
    await clock.advance(30_000);
    expect(await weather.invoke(call("Rome"))).toMatchObject({ content: "fair in Rome", status: "success" });
  });

  test("an input of the wrong shape is the model's mistake, and the caller's signal is the tool's", async () => {
    let seen: unknown;
    const [weather] = failfastTools(
      [
        langChainTool(async (input: { city: string }, config) => {
          seen = config.signal;
          return forecast(input);
        }, fields),
      ],
      { failfast, threshold: 1 },
    );
    await expect(weather?.invoke(call(7))).rejects.toThrow(/did not match expected schema/);
    expect([failfast("tool:weather").state, calls]).toEqual(["closed", 0]);
    const { signal } = new AbortController();
    await weather?.invoke(call("Rome"), { signal });
    expect(seen).toBe(signal);
  });

  test("a tool with an artifact gets the text without one", async () => {
    const weather = failfastTools(
      langChainTool(async () => ["fair", { degrees: 20 }], {
        ...fields,
        responseFormat: "content_and_artifact",
      }),
      { failfast },
    );
    expect(await weather.invoke(call("Rome"))).toMatchObject({ content: "fair", artifact: { degrees: 20 } });
    await failfast("tool:weather").trip({ for: 30 });
    expect(await weather.invoke(call("Rome"))).toMatchObject({ content: TOLD, status: "error" });
  });
});

describe("OpenAI Agents SDK", () => {
  setTracingDisabled(true);

  /** A model that calls a tool a number of times, and keeps the results. */
  class Stubborn implements Model {
    readonly told: string[] = [];
    readonly #tool: string;
    readonly #input: object;
    #left: number;

    constructor(name: string, input: object, times: number) {
      this.#tool = name;
      this.#input = input;
      this.#left = times;
    }

    async getResponse({ input }: { input: unknown }): Promise<ModelResponse> {
      const last = (input as { output?: unknown }[]).at(-1)?.output;
      if (last !== undefined) this.told.push(JSON.stringify(last));
      const called = {
        type: "function_call",
        callId: String(this.#left),
        name: this.#tool,
        arguments: JSON.stringify(this.#input),
        status: "completed",
      };
      const said = {
        type: "message",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text: "I went on without it." }],
      };
      return { usage: new Usage(), output: [this.#left-- > 0 ? called : said] as never };
    }

    // biome-ignore lint/correctness/useYield: runs here do not stream
    async *getStreamedResponse(): AsyncGenerator<never> {
      throw new Error("not streamed");
    }
  }

  test("a function tool: the run goes on, and a handful of calls are made", async () => {
    const weather = tool({
      name: "weather",
      description: "the weather",
      parameters: CITY,
      execute: failfastTool("weather", forecast, { failfast }),
    });
    const model = new Stubborn("weather", { city: "nowhere" }, 30);
    const agent = new Agent({ name: "agent", tools: [weather], model });
    const { finalOutput } = await run(agent, "the weather?", { maxTurns: 40 });
    expect([finalOutput, calls]).toEqual(["I went on without it.", 5]);
    expect(model.told.slice(-25)).toEqual(
      new Array(25).fill(expect.stringContaining(JSON.stringify(TOLD).slice(1, -1))),
    );
  });

  test("a time-out that the SDK sets for the tool is a failure; a tool that is already built is refused", async () => {
    const hang = (_input: unknown, _context: unknown, details?: { signal?: AbortSignal }): Promise<string> =>
      new Promise((_resolve, reject) =>
        details?.signal?.addEventListener("abort", () => reject(details.signal?.reason)),
      );
    const weather = tool({
      name: "weather",
      description: "the weather",
      parameters: CITY,
      timeoutMs: 50,
      execute: failfastTool("weather", hang, { failfast, threshold: 1 }),
    });
    const agent = new Agent({
      name: "agent",
      tools: [weather],
      model: new Stubborn("weather", { city: "Rome" }, 1),
    });
    await run(agent, "the weather?");
    expect(failfast("tool:weather").state).toBe("open");
    expect(() => failfastTools([weather], { failfast })).toThrow(/hides its failures/);
  });

  test("an MCP server: guarded by failfast/mcp, killed, and started again", async () => {
    const program = fileURLToPath(new URL("../mcp/stdio-server.mjs", import.meta.url));
    // Without a cache its tools are listed before each turn, which ends the run if the server has gone.
    const server = new MCPServerStdio({
      name: "sums",
      cacheToolsList: true,
      command: process.execPath,
      args: [program, "2", "none"],
    });
    await server.connect();
    onTestFinished(() => server.close());
    const sums = failfastMcp(server, { failfast, threshold: 1, reconnect: () => server.connect() });
    const ask = async (name: string) => {
      const model = new Stubborn(name, { a: 1, b: 2 }, 1);
      const { finalOutput } = await run(new Agent({ name: "agent", mcpServers: [sums], model }), "how much?");
      expect(finalOutput).toBe("I went on without it.");
      return model.told[0];
    };
    expect(await ask("add")).toContain('"3"');
    await ask("die");
    expect(failfast("mcp:sums").state).toBe("open");
    expect(await sums.callTool("add", {})).toEqual([{ type: "text", text: expect.stringContaining("30 s") }]);
    await clock.advance(30_000);
    expect(await sums.callTool("add", { a: 1, b: 2 })).toEqual([{ type: "text", text: "3" }]);
    expect(failfast("mcp:sums").state).toBe("closed");
  });
});

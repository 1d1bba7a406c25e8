// A tool of an AI SDK agent is down: it is called five times, and the agent's run goes on.
import { generateText, stepCountIs, tool } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { failfastTools } from "failfast/tools";
import { z } from "zod";

let calls = 0;
const weather = tool({
  description: "the weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async () => {
    calls++;
    throw new Error("the weather service is down");
  },
});

// A stand-in for a model, which always tries again.
const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const model = new MockLanguageModelV3({
  doGenerate: async ({ prompt }) => ({
    content: [
      {
        type: "tool-call",
        toolCallId: `call-${prompt.length}`,
        toolName: "weather",
        input: '{"city":"Rome"}',
      },
    ],
    finishReason: { unified: "tool-calls", raw: "tool-calls" },
    usage,
    warnings: [],
  }),
});

const tools = failfastTools({ weather }, { callTimeout: "20s" });
const { steps } = await generateText({ model, tools, prompt: "The weather?", stopWhen: stepCountIs(20) });

console.log(`${steps.length} steps, ${calls} calls of the tool. The model is told:`);
console.log(steps.at(-1).content.find(({ type }) => type === "tool-error").error.message);

// Two models in order of preference: if the first is overloaded, the second is asked at once.

import { APICallError, generateText } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { failfastModel } from "failfast/ai";

// Stand-ins for openai("gpt-5") and anthropic("claude-sonnet-5").
const overloaded = new APICallError({
  message: "overloaded",
  url: "",
  requestBodyValues: {},
  statusCode: 529,
});
const primary = new MockLanguageModelV3({
  modelId: "primary",
  doGenerate: async () => {
    console.log("asking the primary");
    throw overloaded;
  },
});
const secondary = new MockLanguageModelV3({
  modelId: "secondary",
  doGenerate: async () => ({
    content: [{ type: "text", text: "an answer of the secondary" }],
    finishReason: { unified: "stop", raw: "stop" },
    usage: { inputTokens: { total: 1 }, outputTokens: { total: 1 } },
  }),
});

const model = failfastModel([primary, secondary], { timeout: "1m", callTimeout: "20s", threshold: 1 });

console.log((await generateText({ model, prompt: "Which invoices are due?" })).text);
console.log((await generateText({ model, prompt: "And next month?" })).text);

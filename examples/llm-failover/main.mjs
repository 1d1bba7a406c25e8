import { createOpenAI } from "@ai-sdk/openai";
import { generateText, stepCountIs, tool } from "ai";
import { failfastModel } from "failfast/ai";
import { failfastTools } from "failfast/tools";
import { z } from "zod";

const { PRIMARY, PRIMARY_KEY = "", SECONDARY, SECONDARY_KEY = "", MODEL = "gpt-5" } = process.env;
const provider = (name, baseURL, apiKey) => createOpenAI({ name, baseURL, apiKey }).chat(MODEL);
const model = failfastModel(
  [provider("primary", PRIMARY, PRIMARY_KEY), provider("secondary", SECONDARY, SECONDARY_KEY)],
  { timeout: "1m", callTimeout: "20s", consecutive: 2 },
);

const tools = failfastTools(
  {
    invoices: tool({
      description: "the invoices of a customer",
      inputSchema: z.object({ customer: z.string() }),
      execute: async () => {
        console.log("the tool is called");
        throw new Error("the sales API is down");
      },
    }),
  },
  { threshold: 1 },
);

for (const customer of ["ann", "bob", "eve"]) {
  const { text } = await generateText({
    model,
    tools,
    stopWhen: stepCountIs(3),
    maxRetries: 0,
    prompt: `What does ${customer} owe?`,
  });
  console.log(`${customer}: ${text}`);
}

// Two providers, each with its own client. The first has no credit, so the second answers; from the sixth request on, at once.
import { createServer } from "node:http";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { fetch, firstAnswer } from "./recipes/llm-clients.mjs";

let refused = 0;
/** A stand-in for the providers. */
const serve = async (status, answer) => {
  const server = createServer((_, response) => {
    if (status !== 200) refused++;
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  return { server, baseURL: `http://127.0.0.1:${server.address().port}` };
};
const first = await serve(402, { error: { message: "no credit" } });
const second = await serve(200, { type: "message", content: [{ type: "text", text: "three invoices" }] });

const openai = new OpenAI({ baseURL: first.baseURL, apiKey: "x", fetch, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: second.baseURL, apiKey: "x", fetch, maxRetries: 0 });
const messages = [{ role: "user", content: "Which invoices are due?" }];

for (let request = 0; request < 10; request++) {
  const answer = await firstAnswer([
    (signal) => openai.chat.completions.create({ model: "gpt-5", messages }, { signal }),
    (signal) => anthropic.messages.create({ model: "claude-sonnet-5", messages, max_tokens: 99 }, { signal }),
  ]);
  if (request === 0) console.log(answer.content[0].text);
}
console.log(`10 answers, ${refused} requests to the first provider`);
first.server.close();
second.server.close();

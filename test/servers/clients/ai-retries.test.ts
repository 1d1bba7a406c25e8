// The AI SDK retries failed calls: a rejection comes at once, and can be recognised.
import { createOpenAI } from "@ai-sdk/openai";
import { createGateway, generateText } from "ai";
import { failfastModel } from "../../../src/clients/ai.js";
import { type Call, guarded, tellsAtOnce } from "./tells-at-once.js";

const clients: Record<string, Call> = {
  "the AI SDK": (backend) =>
    generateText({
      model: createOpenAI({ apiKey: "x", baseURL: backend.origin, fetch: guarded(backend) })("gpt-5"),
      prompt: "x",
    }),
  "the AI SDK's gateway, which takes every error for one of the network": (backend) => {
    const gateway = createGateway({ apiKey: "x", baseURL: backend.origin, fetch: guarded(backend) });
    return generateText({ model: gateway("test/model"), prompt: "x", maxRetries: 0 });
  },
  failfastModel: (backend) => {
    const model = createOpenAI({ apiKey: "x", baseURL: backend.origin })("gpt-5");
    const { failfast } = backend;
    return generateText({
      model: failfastModel(model, { failfast, name: () => backend.origin }),
      prompt: "x",
    });
  },
};

tellsAtOnce(clients);

// Failover between models over HTTP, in the wire formats of the providers.
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText, wrapLanguageModel } from "ai";
import { beforeEach, describe, expect, test } from "vitest";
import { failfastModel, isModelFailure, type ModelOptions } from "../../../src/clients/ai.js";
import { TimeoutError } from "../../../src/index.js";
import type { Provider } from "./start-provider.js";
import {
  BY_WORDS,
  clock,
  FAILURES,
  failfast,
  first,
  moveUntil,
  outcome,
  second,
  soon,
  startBoth,
  state,
} from "./two-providers.js";

describe("failfastModel, with a provider of the AI SDK", () => {
  const chat = ({ url }: Provider, id: string) => createOpenAI({ baseURL: url, apiKey: "x" }).chat(id);
  const both = (options: ModelOptions = {}) =>
    failfastModel([chat(first, "first"), chat(second, "second")], {
      failfast,
      name: ({ modelId }) => modelId,
      ...options,
    });
  const ask = async (model = both()) =>
    (await generateText({ model, prompt: "x", maxRetries: 0 })).text.replaceAll(/\s/g, "");
  const read = async (model = both()) => {
    const seen: unknown[] = [];
    const { fullStream } = streamText({ model, prompt: "x", maxRetries: 0, onError: () => undefined });
    for await (const part of fullStream) {
      if (part.type === "text-delta") seen.push(part.text);
      if (part.type === "error") seen.push(part.error);
    }
    return seen;
  };
  beforeEach(async () => {
    await startBoth("openai", "openai");
  });

  test.each([...FAILURES, ...BY_WORDS])(
    "goes on to the next model after %s, and then begins with that one",
    async (_, does) => {
      first.does = does;
      const model = both();
      expect([await ask(model), await read(model)]).toEqual(["fromthemodel", ["from", "the", "model"]]);
      expect([first.requests, second.requests, state("first")]).toEqual([1, 2, "open"]);
    },
  );

  test("leaves an invalid request to the caller", async () => {
    first.does = { status: 422 };
    expect(await outcome(ask())).toMatchObject({ statusCode: 422 });
    expect([second.requests, state("first")]).toEqual([0, "closed"]);
  });

  test("opens for the longest Retry-After of several calls", async () => {
    const model = failfastModel(chat(first, "first"), { failfast, name: () => "first" });
    first.does = { status: 429, headers: { "retry-after": "20" } };
    const open: (() => void)[] = [];
    const gates = [0, 1].map((n) => new Promise<void>((resolve) => (open[n] = resolve)));
    const calls: Promise<unknown>[] = [];
    for (const [n, seconds] of ["20", "120"].entries()) {
      first.does = { status: 429, headers: { "retry-after": seconds }, gate: gates[n] };
      calls.push(outcome(ask(model)));
      await soon(() => first.taken).toBe(n + 1);
    }
    for (const [n, expected] of [20, 120].entries()) {
      open[n]?.();
      await calls[n];
      expect(failfast("first").retryAfter).toBe(expected);
    }
  });

  test("waits for a first token as long as `callTimeout`, then asks the next model", async () => {
    first.does = { silentAfter: 0 };
    const reading = read(both({ callTimeout: "20s" }));
    await soon(() => first.requests).toBe(1);
    await clock.advance(20_100);
    expect(await reading).toEqual(["from", "the", "model"]);
    expect(state("first")).toBe("open");
  });

  test("ends a stream that falls silent after as long, counts a failure, and does not start it again", async () => {
    first.does = { silentAfter: 2 };
    const seen: unknown[] = [];
    const reading = (async () => {
      const { fullStream } = streamText({
        model: both({ idleTimeout: "10s" }),
        prompt: "x",
        maxRetries: 0,
        onError: () => undefined,
      });
      for await (const part of fullStream) if (part.type === "text-delta") seen.push(part.text);
    })().catch((error: unknown) => seen.push(error));
    await soon(() => seen.length).toBe(2);
    await moveUntil(() => state("first") === "open");
    await reading;
    expect(seen).toEqual(["from", "the", expect.any(TimeoutError)]);
    expect([second.requests, state("first")]).toEqual([0, "open"]);
  });

  test("goes on to the next model if a stream says that it is overloaded before it says anything else", async () => {
    first.does = { failsAfter: 0 };
    expect(await read()).toEqual(["from", "the", "model"]);
    expect(state("first")).toBe("open");
    await clock.advance(60_000);
    first.does = { failsAfter: 1 };
    expect((await read()).length).toBe(2);
    expect(state("first")).toBe("open");
  });

  test("asks the next model beyond a maximum number of calls an hour", async () => {
    const ceiling = failfast("first_ceiling", "1h", {
      threshold: 3,
      window: "1h",
      results: () => true,
      exceptions: () => false,
      recovery: "all",
    });
    const capped = wrapLanguageModel({
      model: chat(first, "first"),
      middleware: {
        specificationVersion: "v4",
        wrapGenerate: ({ doGenerate }) => ceiling.run(() => doGenerate()),
        wrapStream: ({ doStream }) => ceiling.run(() => doStream()),
      },
    });
    const model = failfastModel([capped, chat(second, "second")], {
      failfast,
      name: ({ modelId }) => modelId,
    });
    for (let n = 0; n < 5; n++) await ask(model);
    await read(model);
    expect([first.requests, second.requests, state("first")]).toEqual([3, 3, "closed"]);
    await clock.advance(3_600_000);
    for (let n = 0; n < 5; n++) await ask(model);
    expect([first.requests, second.requests]).toEqual([6, 5]);
  });
});

test("isModelFailure recognises the errors of every client", () => {
  const of = (fields: object) => isModelFailure(Object.assign(new Error("x"), fields));
  for (const fields of [
    {},
    { status: 529 },
    { statusCode: 401 },
    { status: 429 },
    { status: 400, code: "insufficient_quota" },
  ])
    expect(of(fields)).toBe(true);
  for (const fields of [{ status: 400 }, { statusCode: 422 }, { name: "AI_InvalidPromptError" }])
    expect(of(fields)).toBe(false);
});

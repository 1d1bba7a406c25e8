// Failover between models over HTTP, in the wire formats of the providers.
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { generateText, streamText, wrapLanguageModel } from "ai";
import OpenAI from "openai";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastModel, isModelFailure, type ModelOptions } from "../../../src/clients/ai.js";
import { type FetchOptions, failfastFetch } from "../../../src/clients/fetch.js";
import { createFailfast, type Failfast, isFailfastError, TimeoutError } from "../../../src/index.js";
import { type ManualClock, manualClock } from "../../../src/testing/index.js";
import { type Does, type Provider, startProvider } from "./start-provider.js";

const SAID = "from the model";
let clock: ManualClock;
let failfast: Failfast;
let first: Provider;
let second: Provider;
beforeEach(async () => {
  clock = manualClock();
  failfast = createFailfast({ clock, threshold: 1 });
});
afterEach(async () => {
  await first?.stop();
  await second?.stop();
});
const state = (name: string): string => failfast(name).state;
/** Looks again as long as a busy machine may take. */
const soon = <T>(look: () => T) => expect.poll(look, { timeout: 30_000 });

/** Moves the time until the condition holds. */
async function moveUntil(done: () => boolean): Promise<void> {
  while (!done()) {
    await clock.advance(1_000);
    await new Promise((turn) => setImmediate(turn));
  }
}
const outcome = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

/** Failures that another provider would not have, in the providers' own words. */
const FAILURES: [string, Does][] = [
  ["an error of the server's", { status: 500 }],
  ["overload", { status: 529, error: { type: "overloaded_error" } }],
  ["too many calls", { status: 429 }],
  ["a key that is not taken", { status: 401, error: { code: "invalid_api_key" } }],
  ["a bill that is not paid", { status: 402 }],
  ["no access", { status: 403 }],
  ["a used-up quota", { status: 429, error: { code: "insufficient_quota", type: "insufficient_quota" } }],
];
/** Failures that only their words show: the status is that of an invalid request. */
const BY_WORDS: [string, Does][] = [
  [
    "no credit",
    { status: 400, error: { message: "Your credit balance is too low to access the Anthropic API." } },
  ],
  ["a model that is gone", { status: 404, error: { message: "The model `gpt-1` does not exist" } }],
];

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
    first = await startProvider("openai");
    second = await startProvider("openai");
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

describe("the clients of OpenAI and Anthropic, by the recipe", () => {
  type Ask<T> = (signal?: AbortSignal) => Promise<T>;
  interface Recipe {
    fetch: typeof globalThis.fetch;
    firstAnswer<T>(asks: Ask<T>[], signal?: AbortSignal): Promise<T>;
    begun<T>(stream: PromiseLike<AsyncIterable<T>>): Promise<AsyncIterable<T>>;
  }
  const load = (): Promise<Recipe> =>
    import(new URL("../../../examples/recipes/llm-clients.mjs", import.meta.url).href) as Promise<Recipe>;
  /** The recipe, on a clock that the test moves. */
  const guarded = (more: FetchOptions = {}) =>
    failfastFetch({
      failfast,
      timeout: "1m",
      results: ({ status }: Response) => status >= 500 || [401, 402, 403, 408, 429].includes(status),
      callTimeout: "20s",
      body: true,
      idleTimeout: "15s",
      ...more,
    } as FetchOptions);

  const clients = (fetch: typeof globalThis.fetch) => {
    const openai = new OpenAI({ baseURL: first.url, apiKey: "x", fetch, maxRetries: 0 });
    const anthropic = new Anthropic({ baseURL: second.url, apiKey: "x", fetch, maxRetries: 0 });
    const messages = [{ role: "user" as const, content: "x" }];
    const chat = { model: "gpt", messages };
    const message = { model: "claude", messages, max_tokens: 10 };
    return {
      asks: [
        async (signal) => {
          const { choices } = await openai.chat.completions.create(chat, { ...(signal && { signal }) });
          return `openai ${choices[0]?.message.content}`;
        },
        async (signal) => {
          const { content } = await anthropic.messages.create(message, { ...(signal && { signal }) });
          return `anthropic ${content[0]?.type === "text" && content[0].text}`;
        },
      ] as Ask<string>[],
      streams: [
        async (signal) =>
          openai.chat.completions.create({ ...chat, stream: true }, { ...(signal && { signal }) }),
        async (signal) =>
          anthropic.messages.create({ ...message, stream: true }, { ...(signal && { signal }) }),
      ] as Ask<AsyncIterable<unknown>>[],
    };
  };
  const textOf = (part: unknown): string | undefined => {
    const { choices, delta } = part as {
      choices?: { delta: { content?: string } }[];
      delta?: { text?: string };
    };
    return choices?.[0]?.delta.content ?? delta?.text;
  };
  async function textsOf(stream: AsyncIterable<unknown>, texts: unknown[] = []): Promise<unknown[]> {
    try {
      for await (const part of stream) texts.push(textOf(part));
    } catch (error) {
      texts.push(error);
    }
    return texts.filter((each) => each !== undefined);
  }
  let recipe: Recipe;
  beforeEach(async () => {
    first = await startProvider("openai");
    second = await startProvider("anthropic");
    recipe = await load();
  });

  test("open after five failures in a row, as written, and the first one is asked no more", async () => {
    const { asks } = clients(recipe.fetch);
    expect(await recipe.firstAnswer(asks)).toBe(`openai ${SAID}`);
    first.does = { status: 401 };
    for (let n = 0; n < 7; n++) expect(await recipe.firstAnswer(asks)).toBe(`anthropic ${SAID}`);
    expect([first.requests, second.requests]).toEqual([6, 7]);
  });

  test.each(FAILURES)(
    "go on to the next after %s, in either order, and open the circuit",
    async (_, does) => {
      const { asks } = clients(guarded());
      first.does = does;
      for (let n = 0; n < 3; n++) expect(await recipe.firstAnswer(asks)).toBe(`anthropic ${SAID}`);
      expect([first.requests, state(first.url)]).toEqual([1, "open"]);
      first.does = {};
      second.does = does;
      await clock.advance(3_600_000);
      expect(await recipe.firstAnswer([...asks].reverse())).toBe(`openai ${SAID}`);
      expect(state(second.url)).toBe("open");
    },
  );

  test.each(BY_WORDS)(
    "go on to the next after %s each time, because a fetch reads no words",
    async (_, does) => {
      const { asks } = clients(guarded());
      first.does = does;
      for (let n = 0; n < 2; n++) expect(await recipe.firstAnswer(asks)).toBe(`anthropic ${SAID}`);
      expect([first.requests, state(first.url)]).toEqual([2, "closed"]);
    },
  );

  test("leave an invalid request, and a caller that aborts, to the caller", async () => {
    const { asks } = clients(guarded());
    first.does = { status: 422 };
    expect(await outcome(recipe.firstAnswer(asks))).toMatchObject({ status: 422 });
    first.does = { hangs: true };
    const caller = new AbortController();
    const call = outcome(recipe.firstAnswer(asks, caller.signal));
    await soon(() => first.requests).toBe(2);
    caller.abort();
    await call;
    expect([second.requests, state(first.url)]).toEqual([0, "closed"]);
  });

  test("open for the longest Retry-After", async () => {
    const { asks } = clients(guarded());
    first.does = { status: 429, headers: { "retry-after": "90" } };
    await recipe.firstAnswer(asks);
    expect(failfast(first.url).retryAfter).toBe(90);
    const alone = (await outcome(asks[0]?.() as Promise<unknown>)) as { retryAfter: number };
    expect([isFailfastError(alone), alone.retryAfter]).toEqual([true, 90]);
  });

  test("go on for a stream that is refused, or whose first part does not come, and end one that falls silent", async () => {
    const { streams } = clients(guarded());
    const open = () =>
      recipe.firstAnswer(streams.map((each) => (signal?: AbortSignal) => recipe.begun(each(signal))));
    expect(await textsOf(await open())).toEqual(["from", "the", "model"]);
    first.does = { silentAfter: 0 };
    const opening = open();
    await soon(() => first.requests).toBe(2);
    await moveUntil(() => state(first.url) === "open");
    expect(await textsOf(await opening)).toEqual(["from", "the", "model"]);
    expect(second.requests).toBe(1);
    second.does = { silentAfter: 2 };
    const seen: unknown[] = [];
    const reading = textsOf(await open(), seen);
    await soon(() => seen.filter((each) => each !== undefined).length).toBe(2);
    await moveUntil(() => state(second.url) === "open");
    expect(await reading).toEqual(["from", "the", expect.anything()]);
    expect(isModelFailure(seen.at(-1))).toBe(true);
  });

  test("go on to the next if a stream says that it is overloaded before it says anything else", async () => {
    const { streams } = clients(guarded());
    first.does = { failsAfter: 0 };
    const open = () => recipe.firstAnswer(streams.map((each) => () => recipe.begun(each())));
    expect(await textsOf(await open())).toEqual(["from", "the", "model"]);
    expect([first.requests, second.requests]).toEqual([1, 1]);
  });

  test("ask the next beyond a maximum number of calls, around the other guard", async () => {
    const ceiling = failfastFetch({
      failfast,
      name: "openai_ceiling",
      timeout: "1h",
      threshold: 3,
      window: "1h",
      results: () => true,
      exceptions: () => false,
      retryAfter: false,
      recovery: "all",
      fetch: guarded(),
    });
    const { asks } = clients(ceiling);
    for (let n = 0; n < 3; n++) expect(await recipe.firstAnswer(asks)).toBe(`openai ${SAID}`);
    expect(isFailfastError(await outcome(recipe.firstAnswer(asks)))).toBe(true);
    expect([first.requests, state(first.url)]).toEqual([3, "closed"]);
    await clock.advance(3_600_000);
    expect(await recipe.firstAnswer(asks)).toBe(`openai ${SAID}`);
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

// Failover between models over HTTP, in the wire formats of the providers.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { beforeEach, describe, expect, test } from "vitest";
import { isModelFailure } from "../../../src/clients/ai.js";
import { type FetchOptions, failfastFetch } from "../../../src/clients/fetch.js";
import { isFailfastError } from "../../../src/index.js";
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

const SAID = "from the model";

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
    return texts.filter((each) => each !== undefined && each !== "");
  }
  let recipe: Recipe;
  beforeEach(async () => {
    await startBoth("openai", "anthropic");
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

  test("go on for a stream that is refused, or whose first words do not come, and end one that falls silent", async () => {
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
    await soon(() => seen.filter((each) => Boolean(each)).length).toBe(2);
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

  test.each([
    ["a text", { content: "word" }],
    ["a refusal", { refusal: "no" }],
    ["a thought", { content: null, reasoning_content: "hm" }],
    ["a sound", { audio: { data: "AAAA" } }],
    ["a call of a function", { function_call: { name: "f", arguments: "" } }],
    ["a call of a tool", { tool_calls: [{ index: 0 }] }],
  ])("take %s for the first words, and not what comes before, with or without delta", async (_, delta) => {
    let taken = 0;
    async function* parts() {
      for (const choices of [
        [],
        [{ content_filter_results: {} }],
        [{ delta: null }],
        [{ delta: { role: "assistant", content: "", refusal: null, tool_calls: [] } }],
        [{ delta: { role: "assistant", ...delta } }],
        [{ delta: {}, finish_reason: "stop" }],
      ]) {
        taken++;
        yield { choices };
      }
    }
    const stream = await recipe.begun(Promise.resolve(parts()));
    expect(taken).toBe(5);
    const read: unknown[] = [];
    for await (const part of stream) read.push(part);
    expect(read).toHaveLength(6);
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

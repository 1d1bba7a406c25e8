import { APICallError, createGateway, generateText, streamText } from "ai";
import { MockLanguageModelV3, simulateReadableStream } from "ai/test";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastModel, type ModelOptions } from "../../../src/clients/ai.js";
import { isFailfastError, TimeoutError } from "../../../src/index.js";
import { answer, type Backend, half, json, outcome, startBackend } from "./backend.js";

const FINISHED = { unified: "stop", raw: "stop" } as const;
const USAGE = { inputTokens: { total: 1 }, outputTokens: { total: 1 } } as never;
const spoken = (text: string) => ({
  content: [{ type: "text", text }],
  finishReason: FINISHED,
  usage: USAGE,
});
const parts = (text: string) => [
  { type: "stream-start", warnings: [] },
  { type: "text-start", id: "1" },
  { type: "text-delta", id: "1", delta: text },
  { type: "text-end", id: "1" },
  { type: "finish", finishReason: FINISHED, usage: USAGE },
];

/** A model that answers, throws or streams as a test says. */
class Model extends MockLanguageModelV3 {
  does: { says?: string; throws?: unknown; streams?: unknown[]; hangs?: boolean } = { says: "hello" };
  calls = 0;
  aborted = 0;

  constructor(modelId: string) {
    const act = async (signal: AbortSignal | undefined): Promise<void> => {
      this.calls++;
      if ("throws" in this.does) throw this.does.throws;
      if (!this.does.hangs) return;
      await new Promise((_, reject) =>
        signal?.addEventListener("abort", () => {
          this.aborted++;
          reject(signal.reason);
        }),
      );
    };
    super({
      provider: "test",
      modelId,
      doGenerate: async ({ abortSignal }) => {
        await act(abortSignal);
        return spoken(this.does.says ?? "") as never;
      },
      doStream: async ({ abortSignal }) => {
        await act(abortSignal);
        const chunks = this.does.streams ?? parts(this.does.says ?? "");
        return {
          stream: simulateReadableStream({ chunks, chunkDelayInMs: null, initialDelayInMs: null }) as never,
        };
      },
    });
  }
}

const failed = (statusCode: number | undefined, responseHeaders: Record<string, string> = {}): APICallError =>
  new APICallError({
    message: "failed",
    url: "http://x",
    requestBodyValues: {},
    responseHeaders,
    ...(statusCode && { statusCode }),
  });

let backend: Backend;
let first: Model;
let second: Model;
beforeEach(async () => {
  backend = await startBackend();
  first = new Model("first");
  second = new Model("second");
});
afterEach(() => backend.close());

const guarded = (options: ModelOptions = {}, models: readonly [Model, ...Model[]] = [first, second]) =>
  failfastModel(models, { failfast: backend.failfast, ...options });
const ask = (model = guarded(), more: object = {}): Promise<unknown> =>
  generateText({ model, prompt: "x", maxRetries: 0, ...more }).then(
    ({ text }) => text,
    (error: unknown) => error,
  );
/** The whole text of a stream, and then its error, if there is one. */
const read = async (model = guarded(), more: object = {}): Promise<unknown[]> => {
  const seen: unknown[] = [];
  const { fullStream } = streamText({ model, prompt: "x", maxRetries: 0, onError: () => undefined, ...more });
  for await (const part of fullStream) {
    if (part.type === "text-delta") seen.push(part.text);
    if (part.type === "error") seen.push(part.error);
    if (part.type === "abort") seen.push("aborted");
  }
  return seen;
};

describe.each([
  ["generating", async (...args: Parameters<typeof ask>) => [await ask(...args)]],
  ["streaming", read],
])("failfastModel, %s", (_, run) => {
  test("asks the first model while it works", async () => {
    expect(await run()).toEqual(["hello"]);
    expect([first.calls, second.calls]).toEqual([1, 0]);
  });

  test.each([500, 529, 429, 408, undefined])(
    "asks the next model after %s, and the first one no more",
    async (status) => {
      first.does = { throws: failed(status) };
      second.does = { says: "from the second" };
      const model = guarded();
      for (let n = 0; n < 3; n++) expect(await run(model)).toEqual(["from the second"]);
      expect([first.calls, second.calls]).toEqual([1, 3]);
      await backend.reopen();
      first.does = { says: "well again" };
      expect(await run(model)).toEqual(["well again"]);
    },
  );

  test.each([400, 404, 422])(
    "leaves an answer of %d to the caller: no other model is asked",
    async (status) => {
      const error = failed(status);
      first.does = { throws: error };
      expect(await run()).toEqual([error]);
      expect([second.calls, backend.state("test:first")]).toEqual([0, "closed"]);
    },
  );

  const quota = new APICallError({
    message: "You exceeded your current quota",
    url: "http://x",
    requestBodyValues: {},
    statusCode: 429,
    responseHeaders: { "retry-after": "1" },
    data: { error: { code: "insufficient_quota" } },
  });
  test.each([
    ["401", failed(401)],
    ["402", failed(402)],
    ["403", failed(403)],
    ["a used-up quota", quota],
  ])("asks the next model after %s, and the first one no more for its longest time", async (_, error) => {
    first.does = { throws: error };
    second.does = { says: "from the second" };
    const model = guarded();
    for (let n = 0; n < 3; n++) expect(await run(model)).toEqual(["from the second"]);
    expect([first.calls, second.calls]).toEqual([1, 3]);
    await backend.clock.advance(299_000);
    expect([await run(model), first.calls]).toEqual([["from the second"], 1]);
    first.does = { says: "well again" };
    await backend.clock.advance(2_000);
    expect(await run(model)).toEqual(["well again"]);
  });

  test("goes on to the next model if a probe finds an account error", async () => {
    first.does = { throws: failed(500) };
    second.does = { says: "from the second" };
    const model = guarded();
    await run(model);
    await backend.reopen();
    first.does = { throws: failed(402) };
    expect(await run(model)).toEqual(["from the second"]);
    expect(backend.state("test:first")).toBe("open");
  });

  test("opens for the time in Retry-After", async () => {
    first.does = { throws: failed(429, { "retry-after": "7" }) };
    const model = guarded({}, [first]);
    await run(model);
    expect((await run(model))[0]).toMatchObject({
      name: "FailfastError",
      circuit: "test:first",
      retryAfter: 7,
    });
  });

  test("rejects, if no model may be asked, with the rejection of the one that may be asked first", async () => {
    first.does = { throws: failed(503, { "retry-after": "50" }) };
    const last = failed(503, { "retry-after": "20" });
    second.does = { throws: last };
    const model = guarded();
    expect(await run(model)).toEqual([last]);
    expect((await run(model))[0]).toMatchObject({ circuit: "test:second", retryAfter: 20 });
  });

  test("aborts the model at callTimeout and asks the next one", async () => {
    first.does = { hangs: true };
    second.does = { says: "from the second" };
    const call = run(guarded({ callTimeout: "20s" }));
    await expect.poll(() => first.calls).toBe(1);
    await backend.clock.advance(20_100);
    expect(await call).toEqual(["from the second"]);
    expect([first.aborted, backend.state("test:first")]).toEqual([1, "open"]);
    second.does = { hangs: true };
    const alone = run(guarded({ callTimeout: "20s", name: () => "alone" }, [second]));
    await expect.poll(() => second.calls).toBe(2);
    await backend.clock.advance(20_100);
    expect((await alone)[0]).toBeInstanceOf(TimeoutError);
  });

  test("counts nothing if the caller aborts, and asks no other model", async () => {
    first.does = { throws: failed(500) };
    const model = guarded({ callTimeout: "20s" });
    await run(model);
    await backend.reopen();
    first.does = { hangs: true };
    const caller = new AbortController();
    const call = run(model, { abortSignal: caller.signal });
    await expect.poll(() => first.calls).toBe(2);
    expect(backend.state("test:first")).toBe("half-open");
    caller.abort();
    await call;
    expect([second.calls, first.aborted]).toEqual([1, 1]);
    first.does = { says: "well again" };
    expect(await run(model)).toEqual(["well again"]);
  });

  test("counts nothing for an invalid request", async () => {
    first.does = { throws: failed(500) };
    await run();
    await backend.reopen();
    first.does = { throws: Object.assign(new Error("no key"), { name: "AI_LoadAPIKeyError" }) };
    await run();
    expect(backend.state("test:first")).toBe("half-open");
  });
});

describe("a stream", () => {
  test("goes on to the next model as long as nothing was streamed", async () => {
    first.does = {
      streams: [
        { type: "stream-start", warnings: [] },
        { type: "error", error: failed(529) },
      ],
    };
    second.does = { says: "from the second" };
    expect(await read()).toEqual(["from the second"]);
    expect(backend.state("test:first")).toBe("open");
  });

  test("that breaks off later reaches the caller as an error, and counts as a failure", async () => {
    const error = failed(529);
    first.does = {
      streams: [...parts("half of").slice(0, 3), { type: "error", error }, ...parts("").slice(4)],
    };
    expect(await read()).toEqual(["half of", error]);
    expect([second.calls, backend.state("test:first")]).toEqual([0, "open"]);
  });

  test("that its reader ends early is a success", async () => {
    first.does = { throws: failed(500) };
    const model = guarded();
    await read(model);
    await backend.reopen();
    first.does = { says: "the first of many" };
    const { textStream } = streamText({ model, prompt: "x" });
    for await (const text of textStream) {
      expect(text).toBe("the first of many");
      break;
    }
    await expect.poll(() => backend.state("test:first")).toBe("closed");
  });
});

test("an HTTP provider of the AI SDK: a failed answer, a broken answer, a second provider", async () => {
  const other = await startBackend();
  const gateway = (origin: string) => createGateway({ apiKey: "x", baseURL: origin });
  const model = failfastModel([gateway(backend.origin)("a/one"), gateway(other.origin)("b/two")], {
    failfast: backend.failfast,
    name: ({ modelId }) => modelId,
  });
  other.handle = json(200, spoken("from the second"));
  backend.handle = json(429, {});
  backend.handle = answer(503, { "Content-Type": "application/json", "Retry-After": "7" }, "{}");
  expect((await generateText({ model, prompt: "x" })).text).toBe("from the second");
  expect([backend.state("a/one"), [...backend.failfast.circuits()][0]?.retryAfter]).toEqual(["open", 7]);
  await backend.reopen();
  backend.handle = half;
  other.handle = answer(
    200,
    { "Content-Type": "text/event-stream" },
    parts("streamed by the second")
      .map((part) => `data: ${JSON.stringify(part)}\n\n`)
      .join(""),
  );
  expect(await streamText({ model, prompt: "x" }).text).toBe("streamed by the second");
  expect(backend.state("a/one")).toBe("open");
  await other.close();
});

test("a retry of the SDK's own meets the open circuit", async () => {
  first.does = { throws: failed(500) };
  const error = (await outcome(
    generateText({ model: guarded({}, [first]), prompt: "x", maxRetries: 2 }),
  )) as {
    lastError: unknown;
  };
  expect(isFailfastError(error.lastError)).toBe(true);
  expect(first.calls).toBe(1);
});

test("anything but a model is refused when the model is created", () => {
  expect(() => failfastModel([] as never)).toThrow("at least one");
  expect(() => failfastModel("gpt-5" as never)).toThrow(TypeError);
});

import { beforeEach, describe, expect, test, vi } from "vitest";
import { createFailfast, type Failfast } from "../index.js";
import { manualClock } from "../testing/index.js";
import { failfastModel, type ModelOptions } from "./ai.js";

const status = (statusCode: number, responseHeaders: object = {}): Error =>
  Object.assign(new Error(`status ${statusCode}`), { statusCode, responseHeaders });

function makeModel(modelId: string) {
  return {
    specificationVersion: "v3",
    provider: "test",
    modelId,
    supportedUrls: { "image/*": [/./] },
    doGenerate: vi.fn(async (_asked: object): Promise<string> => `answer of ${modelId}`),
    doStream: vi.fn(async (_asked: object) => ({ stream: new ReadableStream() })),
  };
}

/** A stream of parts. An error among them breaks the stream off. */
const streamOf = (...parts: (string | Error)[]) => ({
  stream: new ReadableStream({
    start(controller) {
      for (const part of parts) {
        if (part instanceof Error) return controller.error(part);
        controller.enqueue({ type: part });
      }
      controller.close();
    },
  }),
});

async function partsOf({ stream }: { stream: ReadableStream<{ type: string }> }): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of stream) types.push(type);
  return types;
}

describe("failfastModel", () => {
  let failfast: Failfast;
  let first: ReturnType<typeof makeModel>;
  let second: ReturnType<typeof makeModel>;
  const both = (options: ModelOptions = {}) =>
    failfastModel([first, second], { failfast, threshold: 1, ...options });

  beforeEach(() => {
    failfast = createFailfast({ clock: manualClock() });
    first = makeModel("one");
    second = makeModel("two");
  });

  test("asks the first model, and has that model's properties", async () => {
    expect(await both().doGenerate({})).toBe("answer of one");
    expect(both()).toMatchObject({ modelId: "one", provider: "test", supportedUrls: {} });
    expect(failfastModel(first, { failfast }).supportedUrls).toBe(first.supportedUrls);
  });

  test.each([500, 429, 408, 401, 402, 403])(
    "goes on to the next model after %i, and opens the circuit",
    async (code) => {
      first.doGenerate.mockRejectedValue(status(code));
      expect(await both().doGenerate({})).toBe("answer of two");
      expect(await both().doGenerate({})).toBe("answer of two");
      expect(first.doGenerate).toHaveBeenCalledTimes(1);
      expect(failfast("test:one").state).toBe("open");
    },
  );

  test("leaves an answer that refuses the request to the caller: no other model is asked", async () => {
    first.doGenerate.mockRejectedValue(status(400));
    await expect(both().doGenerate({})).rejects.toThrow("status 400");
    expect(second.doGenerate).not.toHaveBeenCalled();
    expect(failfast("test:one").state).toBe("closed");
  });

  test.each([
    [400, { message: "Your credit balance is too low to access the Anthropic API." }],
    [400, { message: "API key not valid. Please pass a valid API key." }],
    [400, { message: "Incorrect API key provided: xa***bc" }],
    [400, { message: "This organization has been disabled." }],
    [404, { message: "model: claude-2" }],
    [404, { message: "models/gemini-1.0-pro is not found for API version v1beta" }],
    [404, { message: "Not Found", data: { error: { code: "DeploymentNotFound" } } }],
    [400, { message: "it is gone", data: { error: { code: "model_not_found" } } }],
  ])(
    "goes on to the next model after a failure that every request would have: %i, %o",
    async (code, said) => {
      first.doGenerate.mockRejectedValue(Object.assign(status(code), said));
      expect(await both().doGenerate({})).toBe("answer of two");
      expect(failfast("test:one").retryAfter).toBe(300);
    },
  );

  test.each([
    [400, "messages: text content blocks must be non-empty"],
    [400, "Invalid schema for function 'get_api_key'"],
    [404, "No file found with id 'file-1'"],
    [413, "prompt is too long"],
    [422, "model output must be JSON"],
  ])("leaves an error of the request itself to the caller: %i, %s", async (code, message) => {
    first.doGenerate.mockRejectedValue(Object.assign(status(code), { message }));
    await expect(both().doGenerate({})).rejects.toThrow(message);
    expect(second.doGenerate).not.toHaveBeenCalled();
    expect(failfast("test:one").state).toBe("closed");
  });

  test.each([
    { type: "overloaded_error", message: "Overloaded" },
    { error: { type: "too_many_requests" } },
    "overloaded",
    undefined,
  ])(
    "goes on to the next model if the first part of a stream is an error, even one that is no Error: %o",
    async (error) => {
      first.doStream.mockResolvedValue({
        stream: ReadableStream.from([{ type: "stream-start" }, { type: "error", error }]) as ReadableStream,
      });
      second.doStream.mockResolvedValue(streamOf("stream-start", "text-delta", "finish"));
      expect(await partsOf(await both().doStream({}))).toEqual(["stream-start", "text-delta", "finish"]);
      expect(failfast("test:one").state).toBe("open");
    },
  );

  test("opens the circuit for its longest time after an account error, or for the Retry-After", async () => {
    first.doGenerate.mockRejectedValue(status(402));
    second.doGenerate.mockRejectedValue(status(429, { "retry-after": "45" }));
    await both()
      .doGenerate({})
      .catch(() => undefined);
    expect([failfast("test:one").retryAfter, failfast("test:two").retryAfter]).toEqual([300, 45]);
  });

  test("rejects with the rejection of the model that may be asked first", async () => {
    await failfast("test:one").hold("open", { until: "1m" });
    await failfast("test:two").hold("open", { until: "20s" });
    const rejects = expect(failfastModel([first, second], { failfast }).doGenerate({})).rejects;
    await rejects.toMatchObject({ circuit: "test:two", retryAfter: 20 });
  });

  test("stops when the caller aborts, and counts nothing", async () => {
    const controller = new AbortController();
    first.doGenerate.mockImplementation(async () => {
      controller.abort();
      throw new Error("aborted");
    });
    await expect(both().doGenerate({ abortSignal: controller.signal })).rejects.toThrow("aborted");
    expect(second.doGenerate).not.toHaveBeenCalled();
    expect(failfast("test:one").state).toBe("closed");
  });

  test("counts a stream as a failure if its reader leaves at a part that is an error", async () => {
    const cancelled = vi.fn();
    const overloaded = { type: "overloaded_error", message: "Overloaded" };
    const parts = [{ type: "text-delta" }, { type: "error", error: overloaded }];
    first.doStream.mockResolvedValue({
      stream: new ReadableStream({
        pull: (controller) => {
          const part = parts.shift();
          if (part !== undefined) controller.enqueue(part);
          // Otherwise the model hangs.
        },
        cancel: cancelled,
      }),
    });
    const { stream } = (await both().doStream({})) as { stream: ReadableStream<{ type: string }> };
    for await (const { type } of stream) if (type === "error") break;
    await vi.waitFor(() => expect(failfast("test:one").state).toBe("open"));
    expect(cancelled).toHaveBeenCalledTimes(1);
  });

  test("goes on to the next model if a stream fails before its first words", async () => {
    first.doStream.mockResolvedValue(streamOf("stream-start", new Error("broken")));
    second.doStream.mockResolvedValue(streamOf("stream-start", "text-delta", "finish"));
    expect(await partsOf(await both().doStream({}))).toEqual(["stream-start", "text-delta", "finish"]);
    expect(failfast("test:one").state).toBe("open");
  });

  test.each<[string, object[]]>([
    ["the start of a text", [{ type: "text-start", id: "0" }]],
    ["the start of reasoning", [{ type: "response-metadata" }, { type: "reasoning-start", id: "0" }]],
    ["the start of a tool's input", [{ type: "tool-input-start", id: "0", toolName: "search" }]],
    [
      "an empty text, as providers send with the role",
      [{ type: "text-start" }, { type: "text-delta", delta: "" }],
    ],
    ["an empty text that has ended", [{ type: "text-start" }, { type: "text-end" }]],
    ["an empty text of specification 1", [{ type: "text-delta", textDelta: "" }]],
  ])("takes %s for no words: another model may still answer", async (_, parts) => {
    const begins = [{ type: "stream-start" }, ...parts];
    const bad = {
      stream: ReadableStream.from([...begins, { type: "error", error: { message: "overloaded" } }]),
    };
    first.doStream.mockResolvedValue(bad);
    const good = ["stream-start", "text-start", "text-delta", "finish"];
    second.doStream.mockResolvedValue(streamOf(...good));
    expect(await partsOf(await both().doStream({}))).toEqual(good);
    expect(failfast("test:one").state).toBe("open");

    // The model that has only this to say says it.
    failfast = createFailfast({ clock: manualClock() });
    const whole = [...begins, { type: "finish" }] as { type: string }[];
    first.doStream.mockResolvedValue({ stream: ReadableStream.from(whole) });
    expect(await partsOf(await both().doStream({}))).toEqual(whole.map(({ type }) => type));
  });

  test("limits the time to the first words, and not to the first part", async () => {
    const clock = manualClock();
    failfast = createFailfast({ clock });
    const begins = [{ type: "text-start" }, { type: "text-delta", delta: "" }];
    const hanging = new ReadableStream({
      start(controller) {
        for (const part of begins) controller.enqueue(part);
      },
    });
    first.doStream.mockResolvedValue({ stream: hanging });
    second.doStream.mockResolvedValue(streamOf("text-delta", "finish"));
    const answer = both({ callTimeout: "5s" }).doStream({});
    await clock.advance(6_000);
    expect(await partsOf(await answer)).toEqual(["text-delta", "finish"]);
    expect(failfast("test:one").state).toBe("open");
  });

  test("leaves a stream that fails later to the caller, and counts a failure", async () => {
    let said = false;
    const late = {
      stream: new ReadableStream({
        pull(controller) {
          if (said) controller.error(new Error("broken"));
          else controller.enqueue({ type: "text-delta" });
          said = true;
        },
      }),
    };
    first.doStream.mockResolvedValue(late);
    await expect(both().doStream({}).then(partsOf)).rejects.toThrow("broken");
    expect(second.doStream).not.toHaveBeenCalled();
    expect(failfast("test:one").state).toBe("open");
  });

  test("refuses an empty list, and anything that is not a model", () => {
    expect(() => failfastModel([] as never)).toThrow(/at least one/);
    expect(() => failfastModel({} as never)).toThrow(/takes a model of the AI SDK/);
  });
});

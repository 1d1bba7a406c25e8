import { beforeEach, describe, expect, test, vi } from "vitest";
import { createFailfast, type Failfast, isFailfastError } from "../index.js";
import { type ManualClock, manualClock } from "../testing/index.js";
import { failfastTool, failfastTools } from "./tools.js";

const TOLD =
  'The tool "weather" is unavailable and was not called: retry in 30 s, not before. Until then go on without it.';

let clock: ManualClock;
let failfast: Failfast;
beforeEach(() => {
  clock = manualClock();
  failfast = createFailfast({ clock });
});
const state = (name = "tool:weather"): string => failfast(name).state;
const open = () => failfast("tool:weather").trip({ for: 30 });

describe("failfastTools with a tool set of the AI SDK", () => {
  const makeTools = () => ({
    weather: {
      description: "the weather",
      inputSchema: {},
      execute: vi.fn(async (_input: object, _options?: object): Promise<unknown> => "fair"),
    },
    search: { type: "provider", id: "openai.web_search" },
  });
  let tools: ReturnType<typeof makeTools>;
  beforeEach(() => {
    tools = makeTools();
  });

  test("returns the same set, with the provider's own tools unchanged", async () => {
    const guarded = failfastTools(tools, { failfast });
    expect(guarded.search).toBe(tools.search);
    expect(Object.keys(guarded.weather)).toEqual(Object.keys(tools.weather));
    const input = { city: "Rome" };
    const options = { toolCallId: "1", abortSignal: new AbortController().signal };
    expect(await guarded.weather.execute(input, options)).toBe("fair");
    expect(tools.weather.execute.mock.calls).toEqual([[input, options]]);
    expect(tools.weather.execute.mock.contexts[0]).toBe(tools.weather);
  });

  test("keeps a callable schema, and takes a function from a getter", async () => {
    const schema = Object.assign(() => true, { "~standard": {} });
    const tool = {
      inputSchema: schema,
      get execute() {
        return async () => "fair";
      },
    };
    const guarded = failfastTools(tool, { failfast });
    expect([guarded.inputSchema, await guarded.execute()]).toEqual([schema, "fair"]);
    const langChains = { name: "weather", schema, _call: () => "fair", invoke: async () => "fair" };
    expect(failfastTools(langChains, { failfast }).schema).toBe(schema);
  });

  test("keeps hidden properties of a tool, and its class", () => {
    class Its {
      execute = async () => 1;
    }
    const tool = Object.defineProperty(new Its(), "caller", { value: "hidden" });
    const guarded = failfastTools(tool, { failfast });
    expect(guarded).toBeInstanceOf(Its);
    expect(Object.getOwnPropertyDescriptor(guarded, "caller")?.value).toBe("hidden");
  });

  test("throws the text for the model, with the rejection as the cause", async () => {
    const guarded = failfastTools(tools, { failfast });
    await open();
    const error = await guarded.weather.execute({}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "ToolUnavailableError", message: TOLD });
    expect(isFailfastError(error)).toBe(true);
    expect(tools.weather.execute).not.toHaveBeenCalled();
  });

  test("returns a told value that is not a string as the output", async () => {
    const guarded = failfastTools(tools, { failfast, tellModel: ({ retryAfter }) => ({ retryAfter }) });
    await open();
    expect(await guarded.weather.execute({})).toEqual({ retryAfter: 30 });
  });

  test.each([
    ["an error", new Error("down"), "open"],
    ["503", Object.assign(new Error("x"), { status: 503 }), "open"],
    ["429", Object.assign(new Error("x"), { response: { status: 429 } }), "open"],
    ["408", Object.assign(new Error("x"), { statusCode: 408 }), "open"],
    ["404", Object.assign(new Error("x"), { response: { status: 404 } }), "closed"],
    ["422 behind another", new Error("x", { cause: { statusCode: 422 } }), "closed"],
    ["an interrupt of LangGraph", Object.assign(new Error("x"), { is_bubble_up: true }), "closed"],
    ["no object", "text", "open"],
    ["nothing", undefined, "open"],
  ])("%s leaves its circuit as it should, and reaches the caller", async (_, thrown, expected) => {
    tools.weather.execute.mockRejectedValue(thrown);
    const { weather } = failfastTools(tools, { failfast, threshold: 1 });
    await expect(weather.execute({})).rejects.toBe(thrown);
    expect(state()).toBe(expected);
  });

  test("opens for the time in the Retry-After of what a tool throws", async () => {
    const { weather } = failfastTools(tools, { failfast, threshold: 1 });
    const response = new Response(null, { status: 429, headers: { "Retry-After": "90" } });
    tools.weather.execute.mockRejectedValue(Object.assign(new Error("x"), { response }));
    await expect(weather.execute({})).rejects.toThrow();
    await expect(weather.execute({})).rejects.toThrow("retry in 90 s");
  });

  test("counts nothing if the caller aborts, and a failure if a signal or the circuit times out", async () => {
    const { weather } = failfastTools(tools, { failfast, threshold: 1, callTimeout: "1s" });
    tools.weather.execute.mockImplementation((_input, options) => {
      const { abortSignal } = options as { abortSignal: AbortSignal };
      return new Promise((_, reject) =>
        abortSignal.addEventListener("abort", () => reject(abortSignal.reason)),
      );
    });
    const abort = new AbortController();
    const aborted = expect(
      weather.execute({}, { toolCallId: "1", abortSignal: abort.signal }),
    ).rejects.toThrow();
    abort.abort();
    await aborted;
    expect(state()).toBe("closed");
    const late = expect(weather.execute({}, { toolCallId: "2" })).rejects.toThrow(/1000 ms/);
    await clock.advance(1_001);
    await late;
    expect(state()).toBe("open");
    const passed = AbortSignal.abort(new DOMException("late", "TimeoutError"));
    const own = failfastTools({ other: tools.weather }, { failfast, threshold: 1 });
    tools.weather.execute.mockImplementation(async () => passed.throwIfAborted());
    await expect(own.other.execute({}, { toolCallId: "3", abortSignal: passed })).rejects.toThrow("late");
  });

  test("passes on outputs that come one by one, and counts until their end", async () => {
    let fails = true;
    const steps = {
      weather: {
        async *execute(_input: object) {
          yield "cloudy";
          if (fails) throw new Error("down");
          yield "fair";
        },
      },
    };
    const { weather } = failfastTools(steps, { failfast, threshold: 1 });
    const outputs: unknown[] = [];
    const read = async () => {
      for await (const output of weather.execute({})) outputs.push(output);
    };
    await expect(read()).rejects.toThrow("down");
    expect([outputs, state()]).toEqual([["cloudy"], "open"]);
    await expect(read()).rejects.toMatchObject({ name: "ToolUnavailableError" });
    fails = false;
    await clock.advance(30_000);
    await read();
    expect([outputs, state()]).toEqual([["cloudy", "cloudy", "fair"], "closed"]);
    const returned = failfastTools(
      { weather: { execute: async () => steps.weather.execute({}) } },
      { failfast },
    );
    expect(await returned.weather.execute()).toBe("fair");
  });
});

describe("failfastTool", () => {
  test("returns the text for the model", async () => {
    const execute = vi.fn(async ({ city }: { city: string }) => city.toUpperCase());
    const weather = failfastTool("weather", execute, { failfast, threshold: 1 });
    expect(await weather({ city: "Rome" })).toBe("ROME");
    execute.mockRejectedValueOnce(new Error("down"));
    await expect(weather({ city: "Rome" })).rejects.toThrow("down");
    expect(await weather({ city: "Rome" })).toBe(TOLD);
    expect(execute).toHaveBeenCalledTimes(2);
  });

  test("takes a sync function, also one that throws", async () => {
    expect(await failfastTool("weather", (n: number) => n + 1, { failfast })(1)).toBe(2);
    const thrower = (): never => {
      throw new Error("at once");
    };
    await expect(failfastTool("weather", thrower, { failfast })()).rejects.toThrow("at once");
  });

  test("passes its signal in the place where the SDK has one", async () => {
    const seen: unknown[] = [];
    const execute = (...args: unknown[]) => void seen.push(args);
    const weather = failfastTool("weather", execute, { failfast, callTimeout: "1s" });
    const { signal } = new AbortController();
    await weather({}, { context: 1 }, { toolCall: {}, signal });
    await weather({}, { toolCallId: "1", abortSignal: undefined });
    await weather({}, { signal });
    await weather({}, undefined, undefined);
    await weather({});
    const its = expect.any(AbortSignal);
    expect(seen).toEqual([
      [{}, { context: 1 }, { toolCall: {}, signal: its }],
      [{}, { toolCallId: "1", abortSignal: its }],
      [{}, { signal: its }],
      [{}, undefined, { signal: its }],
      [{}, { signal: its }],
    ]);
  });

  test("counts nothing for a rejection of an inner circuit, and tells the model like its own", async () => {
    const api = failfast("api", 60);
    await api.trip();
    const weather = failfastTool("weather", () => api.run(() => "fair"), { failfast, threshold: 1 });
    expect(await weather()).toContain("retry in 60 s");
    expect(state()).toBe("closed");
  });
});

test("refuses anything but tools, tools that hide their failures, and wrong options", () => {
  expect(() => failfastTools("x" as never)).toThrow(/takes tools/);
  expect(() => failfastTools(null as never)).toThrow(TypeError);
  const hidden = { type: "function", name: "weather", invoke: async () => "" };
  for (const tools of [hidden, [hidden], { hidden }])
    expect(() => failfastTools(tools)).toThrow(/execute: failfastTool\("/);
  expect(() => failfastTool("x", 1 as never)).toThrow(TypeError);
  for (const options of [{ name: 1 }, { tellModel: 1 }, { other: 1 }, 1])
    expect(() => failfastTools({}, options as never)).toThrow(TypeError);
});

import { beforeEach, describe, expect, test } from "vitest";
import { createFailfast, type Failfast } from "../index.js";
import { manualClock } from "../testing/index.js";
import { type FetchOptions, failfastFetch } from "./fetch.js";

describe("failfastFetch", () => {
  let failfast: Failfast;
  let answer: (url: string, init?: RequestInit) => Promise<Response>;
  let sent: string[];
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    sent.push(url);
    return answer(url, init);
  };
  const guarded = (options: FetchOptions = {}) =>
    failfastFetch({ fetch, failfast, threshold: 1, ...options });

  beforeEach(() => {
    failfast = createFailfast({ clock: manualClock() });
    answer = async () => new Response("ok");
    sent = [];
  });

  test("keeps a circuit for each origin, for a string, a URL and a Request", async () => {
    answer = async () => new Response(null, { status: 500 });
    expect((await guarded()("https://a.test/x")).status).toBe(500);
    for (const input of ["https://a.test/y", new URL("https://a.test/z"), new Request("https://a.test/")])
      await expect(guarded()(input)).rejects.toMatchObject({ circuit: "https://a.test" });
    expect((await guarded()("https://b.test/")).status).toBe(500);
    expect(sent).toEqual(["https://a.test/x", "https://b.test/"]);
  });

  test("counts a failure of a fetch that says itself how a stream is sent", async () => {
    answer = () => Promise.reject(new TypeError("fetch failed"));
    const body = new ReadableStream();
    await expect(guarded()("https://a.test/", { method: "POST", body })).rejects.toThrow("fetch failed");
    expect(failfast("https://a.test").state).toBe("open");
  });

  test.each([
    [500, {}, "open"],
    [503, { "retry-after": "7" }, "open"],
    [429, { "retry-after": "7" }, "open"],
    [429, {}, "closed"],
    [404, {}, "closed"],
    [200, {}, "closed"],
  ])("an answer of %i with %j leaves it %s", async (status, headers, state) => {
    answer = async () => new Response(null, { status, headers });
    await guarded()("https://a.test/");
    expect(failfast("https://a.test").state).toBe(state);
  });

  test("counts a network error as a failure, and throws the same object", async () => {
    const error = new TypeError("fetch failed");
    answer = () => Promise.reject(error);
    await expect(guarded()("https://a.test/")).rejects.toBe(error);
    expect(failfast("https://a.test").state).toBe("open");
  });

  test("counts nothing if the caller aborts, and a failure if the caller's signal timed out", async () => {
    const controller = new AbortController();
    answer = async (_, init) => {
      if (init?.signal === controller.signal) controller.abort();
      throw init?.signal?.reason ?? new Error("no signal");
    };
    await guarded()("https://a.test/", { signal: controller.signal }).catch(() => undefined);
    expect(failfast("https://a.test").state).toBe("closed");
    const late = new AbortController();
    answer = async () => {
      late.abort(new DOMException("late", "TimeoutError"));
      throw late.signal.reason;
    };
    await guarded()("https://a.test/", { signal: late.signal }).catch(() => undefined);
    expect(failfast("https://a.test").state).toBe("open");
  });

  test("counts nothing if the request can't be sent", async () => {
    answer = () => Promise.reject(new TypeError("a GET has no body"));
    await guarded()("https://a.test/", { body: "x" }).catch(() => undefined);
    expect(failfast("https://a.test").state).toBe("closed");
  });

  test("takes a string as the name, or a function of the URL and method", async () => {
    answer = async () => new Response(null, { status: 500 });
    await guarded({ name: "api" })("https://a.test/");
    await guarded({ name: (url, method) => `${method} ${url.pathname}` })("https://a.test/x", {
      method: "put",
    });
    expect([failfast("api").state, failfast("PUT /x").state]).toEqual(["open", "open"]);
  });

  test("lets results decide instead of the status", async () => {
    const strict = guarded({ results: (response: Response) => response.status === 404 });
    answer = async () => new Response(null, { status: 404 });
    await strict("https://a.test/");
    expect(failfast("https://a.test").state).toBe("open");
  });

  test("with body: true counts a body that breaks off as a failure", async () => {
    const broken = new ReadableStream({
      pull: (controller) => controller.error(new Error("connection reset")),
    });
    answer = async () => new Response(broken);
    const response = await guarded({ body: true })("https://a.test/");
    await expect(response.text()).rejects.toThrow("connection reset");
    expect(failfast("https://a.test").state).toBe("open");
  });

  test("refuses wrong options, and an invalid URL", async () => {
    expect(() => failfastFetch({ name: 7 as never })).toThrow(/name is 7/);
    expect(() => failfastFetch({ fetch: "no" as never })).toThrow(TypeError);
    await expect(guarded()("/relative")).rejects.toThrow(/it takes a URL/);
  });
});

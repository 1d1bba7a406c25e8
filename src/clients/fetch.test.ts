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

  describe("with body: true, and a body of bytes", () => {
    const bytes = (...texts: string[]) =>
      new ReadableStream({
        type: "bytes",
        pull(controller) {
          const text = texts.shift();
          if (text !== undefined) controller.enqueue(new TextEncoder().encode(text));
          else {
            controller.close();
            controller.byobRequest?.respond(0);
          }
        },
      });

    test("can be read into buffers of the reader's own", async () => {
      answer = async () => new Response(bytes("some", "more"));
      const { body } = await guarded({ body: true })("https://a.test/");
      const reader = (body as ReadableStream).getReader({ mode: "byob" });
      const read: string[] = [];
      for (;;) {
        const { done, value } = await reader.read(new Uint8Array(3));
        if (done) break;
        read.push(new TextDecoder().decode(value));
      }
      expect(read.join("")).toBe("somemore");
    });

    test("can be read in every other way, and counts at its end", async () => {
      answer = async () => new Response(bytes("some", "more"));
      const get = () => guarded({ body: true, slowCall: "1s" })("https://a.test/");
      expect(await (await get()).text()).toBe("somemore");
      const response = await get();
      const clone = response.clone();
      expect([await response.text(), await clone.text()]).toEqual(["somemore", "somemore"]);
      const chunks: Uint8Array[] = [];
      for await (const chunk of (await get()).body as never as AsyncIterable<Uint8Array>) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString()).toBe("somemore");
      await (await get()).body?.cancel();
      expect(failfast("https://a.test").state).toBe("closed");
    });

    test("that breaks off is a failure", async () => {
      const broken = new ReadableStream({
        type: "bytes",
        pull: (controller) => controller.error(new Error("connection reset")),
      });
      answer = async () => new Response(broken);
      const { body } = await guarded({ body: true })("https://a.test/");
      const reader = (body as ReadableStream).getReader({ mode: "byob" });
      await expect(reader.read(new Uint8Array(3))).rejects.toThrow("connection reset");
      expect(failfast("https://a.test").state).toBe("open");
    });
  });

  test("keeps the method that Bun's fetch has", () => {
    const asked: string[] = [];
    const ofBun = Object.assign(() => fetch("x"), { preconnect: (url: string) => void asked.push(url) });
    const { preconnect } = failfastFetch({ failfast, fetch: ofBun as never }) as never as typeof ofBun;
    preconnect("https://a.test/");
    expect(asked).toEqual(["https://a.test/"]);
    expect(guarded()).not.toHaveProperty("preconnect");
  });

  describe("a relative URL", () => {
    test("is passed on to a fetch of the caller's own if the circuit has a name", async () => {
      answer = async () => new Response("ok");
      expect(await (await guarded({ name: "api" })("/users?page=2", { body: "x" })).text()).toBe("ok");
      expect(sent).toEqual(["/users?page=2"]);
      await guarded({ name: ({ pathname }) => `api ${pathname}` })("users");
      expect([...failfast.circuits()].map(({ name }) => name)).toEqual(["api", "api /users"]);
    });

    test("counts as an absolute URL does", async () => {
      answer = async () =>
        Object.defineProperty(new Response(null, { status: 500 }), "redirected", { value: true });
      await guarded({ name: "api" })("/users");
      expect(failfast("api").state).toBe("open");
      answer = () => Promise.reject(new TypeError("a GET has no body"));
      await guarded({ name: "other" })("/users", { body: "x" }).catch(() => undefined);
      expect(failfast("other").state).toBe("closed");
    });
  });

  test.each([["/elsewhere"], [""], ["no URL: //"], ["http://"], ["about:blank"], [undefined]])(
    "takes the answer of a fetch of the caller's own that was redirected to %o",
    async (url) => {
      answer = async () => ({ status: 500, redirected: true, url, headers: new Headers() }) as never;
      expect((await guarded({ name: "api" })("http://a.test/")).status).toBe(500);
      expect(failfast("api").state).toBe("open");
    },
  );

  test("counts nothing against a host if another one answered", async () => {
    answer = async () =>
      ({ status: 500, redirected: true, url: "//b.test/", headers: new Headers() }) as never;
    await guarded({ name: "api" })("http://a.test/");
    expect(failfast("api").state).toBe("closed");
  });

  test("refuses wrong options, and an invalid URL", async () => {
    expect(() => failfastFetch({ name: 7 as never })).toThrow(/name is 7/);
    expect(() => failfastFetch({ fetch: "no" as never })).toThrow(TypeError);
    await expect(guarded()("/relative")).rejects.toThrow(/it takes a URL/);
  });
});

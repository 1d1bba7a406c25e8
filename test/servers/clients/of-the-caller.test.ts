// A request that no server could have answered, or that broke a limit of its caller, counts for no circuit.
import { Readable } from "node:stream";
import axios from "axios";
import { Agent, request } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastAdapter } from "../../../src/clients/axios.js";
import { failfastFetch } from "../../../src/clients/fetch.js";
import { failfastInterceptor } from "../../../src/clients/undici.js";
import { type Backend, outcome, startBackend } from "./backend.js";

let backend: Backend;
beforeEach(async () => {
  backend = await startBackend();
  backend.handle = (asked, response) => {
    if (asked.url === "/moved") response.writeHead(302, { Location: "/moved" }).end();
    else if (asked.url === "/hints") {
      response.writeEarlyHints({ link: "</style.css>; rel=preload" });
      response.writeHead(500).end();
    } else response.end("hello world");
  };
});
afterEach(() => backend.close());

const chunks = (): Readable => Readable.from([Buffer.alloc(600), Buffer.alloc(600)]);

describe.each(["http", "fetch"] as const)("axios with its %s adapter", (adapter) => {
  test.each([
    ["an answer over maxContentLength", { maxContentLength: 3 }],
    ["a body over maxBodyLength", { method: "post", data: Buffer.alloc(1_000), maxBodyLength: 100 }],
    ["an invalid method", { method: "no method" }],
    ["an invalid header name", { headers: { "no name": "1" } }],
    ["an unknown protocol", { url: "gopher://a.test/" }],
  ])("counts %s as the caller's own error", async (_, config: object) => {
    const client = axios.create({
      adapter: failfastAdapter(axios, { failfast: backend.failfast, adapter }),
    });
    expect(await outcome(client.request({ url: `${backend.origin}/`, ...config }))).toBeInstanceOf(Error);
    for (const circuit of backend.failfast.circuits()) expect(circuit.state).toBe("closed");
  });
});

describe("axios in Node", () => {
  test.each([
    ["a stream over maxBodyLength", { method: "post", data: chunks, maxBodyLength: 100 }],
    [
      "a stream over maxBodyLength without redirects",
      { method: "post", data: chunks, maxBodyLength: 100, maxRedirects: 0 },
    ],
    ["more redirects than maxRedirects", { url: "/moved", maxRedirects: 2 }],
  ])(
    "counts %s as the caller's own error",
    async (_, { data, ...config }: { data?: () => Readable; url?: string }) => {
      const client = axios.create({
        adapter: failfastAdapter(axios, { failfast: backend.failfast }),
        baseURL: backend.origin,
      });
      expect(await outcome(client.request({ url: "/", ...config, data: data?.() }))).toBeInstanceOf(Error);
      expect(backend.state()).toBe("closed");
    },
  );
});

describe("failfastFetch", () => {
  test.each([
    [
      "a Content-Length that differs from the body",
      "/",
      { method: "POST", body: "abc", headers: { "Content-Length": "10" } },
    ],
    ["a redirect that is an error to the caller", "/moved", { redirect: "error" }],
    ["an answer with another integrity hash", "/", { integrity: "sha256-AAAA" }],
    ["a blocked port", "http://127.0.0.1:6000/", {}],
    ["an unknown scheme", "gopher://a.test/", {}],
    [
      "a signal that had timed out before",
      "/",
      { signal: AbortSignal.abort(new DOMException("late", "TimeoutError")) },
    ],
    ["a signal whose reason is no error", "/", { signal: AbortSignal.abort("left") }],
  ] as const)("counts %s as the caller's own error", async (_, url, init) => {
    const fetch = failfastFetch({ failfast: backend.failfast });
    await expect(fetch(new URL(url, backend.origin), init as RequestInit)).rejects.toBeDefined();
    for (const circuit of backend.failfast.circuits()) expect(circuit.state).toBe("closed");
  });
});

/** A body of which somebody else has read a part, and may be reading still. */
async function begun(release: boolean): Promise<ReadableStream> {
  const body = new ReadableStream({
    pull: (controller) => void controller.enqueue(new TextEncoder().encode("part")),
  });
  const reader = body.getReader();
  await reader.read();
  if (release) reader.releaseLock();
  return body;
}
const piece = (): ReadableStream => new Blob(["whole"]).stream();

describe("failfastFetch with a body", () => {
  const post = { method: "POST", duplex: "half" };
  const used = async (origin: string): Promise<Request> => {
    const sent = new Request(origin, { method: "POST", body: "x" });
    await sent.text();
    return sent;
  };
  const mistakes: Record<string, (origin: string) => unknown[] | Promise<unknown[]>> = {
    "a stream that somebody else reads": async (origin) => [origin, { ...post, body: await begun(false) }],
    "a stream of which a part was read": async (origin) => [origin, { ...post, body: await begun(true) }],
    "a stream of Node's of which a part was read": async (origin) => {
      const body = Readable.from(["part", "rest"]);
      await body[Symbol.asyncIterator]().next();
      return [origin, { ...post, body }];
    },
    "a stream without duplex": (origin) => [origin, { method: "POST", body: piece() }],
    "a Request that was sent before": async (origin) => [await used(origin)],
    "a Request whose body somebody else reads": (origin) => {
      const request = new Request(origin, { method: "POST", body: "x" });
      request.body?.getReader();
      return [request];
    },
    "a body that is no text": (origin) => [origin, { method: "POST", body: Object.create(null) }],
    "a signal that is none": (origin) => [origin, { signal: {} }],
    "a dispatcher that is none": (origin) => [origin, { dispatcher: {} }],
    "a header that fetch doesn't send": (origin) => [origin, { headers: { Expect: "100-continue" } }],
    "an unknown mode": (origin) => [origin, { mode: "none" }],
    "a body of a GET": (origin) => [origin, { body: "x" }],
    "a name and a password in the URL": (origin) => [origin.replace("//", "//ann:secret@")],
  };
  describe.each([false, true])("with body: %s", (body) => {
    test.each(Object.entries(mistakes))("counts %s as the caller's own error", async (_, mistake) => {
      const fetch = failfastFetch({ failfast: backend.failfast, body }) as (
        ...args: unknown[]
      ) => Promise<Response>;
      expect(await outcome(fetch(...(await mistake(backend.origin))))).toBeInstanceOf(TypeError);
      expect([backend.state(), backend.requests]).toEqual(["closed", 0]);
      await backend.failfast(backend.origin).trip();
      await backend.reopen();
      expect(await outcome(fetch(...(await mistake(backend.origin))))).toBeInstanceOf(TypeError);
      expect(backend.state()).toBe("half-open");
      expect(await (await fetch(backend.origin)).text()).toBe("hello world");
      expect(backend.state()).toBe("closed");
    });
  });

  test("counts a network error as a failure, whatever was to be sent", async () => {
    const fetch = failfastFetch({ failfast: backend.failfast }) as (...args: unknown[]) => Promise<Response>;
    await backend.close();
    const request = new Request(backend.origin, { method: "PUT", body: "x" });
    for (const asked of [
      [backend.origin, { ...post, body: piece() }],
      [backend.origin, { method: "POST", body: new Blob(["x"]) }],
      [backend.origin, { method: "POST", body: new FormData() }],
      [request],
      [request, { body: "y" }],
    ]) {
      await backend.failfast(backend.origin).reset();
      expect(await outcome(fetch(...asked))).toBeInstanceOf(TypeError);
      expect(backend.state()).toBe("open");
    }
  });
});

test("axios with its fetch adapter counts a stream that somebody else reads as the caller's own error", async () => {
  const adapter = failfastAdapter(axios, { failfast: backend.failfast, adapter: "fetch" });
  const client = axios.create({ adapter, baseURL: backend.origin });
  expect(await outcome(client.post("/", await begun(false)))).toBeInstanceOf(Error);
  for (const circuit of backend.failfast.circuits()) expect(circuit.state).toBe("closed");
});

describe("undici", () => {
  const ask = async (options: object, agent: Agent, guard: object = {}): Promise<unknown> => {
    const dispatcher = agent.compose(failfastInterceptor({ failfast: backend.failfast, ...guard }));
    try {
      const { statusCode, body } = await request(new URL("/", backend.origin), { dispatcher, ...options });
      await body.text();
      return statusCode;
    } catch (error) {
      return error;
    } finally {
      await agent.destroy();
    }
  };

  test("counts an answer over maxResponseSize as the caller's own error, with body: true", async () => {
    expect(await ask({}, new Agent({ maxResponseSize: 3 }), { body: true })).toBeInstanceOf(Error);
    expect(backend.state()).toBe("closed");
  });

  test("counts a Content-Length that differs from the body as the caller's own error", async () => {
    const asked = { method: "POST", body: "abc", headers: { "content-length": "10" } };
    expect(await ask(asked, new Agent())).toBeInstanceOf(Error);
    expect(backend.state()).toBe("closed");
  });

  test("counts a stream that somebody else reads as the caller's own error", async () => {
    expect(await ask({ method: "POST", body: await begun(false) }, new Agent())).toBeInstanceOf(Error);
    expect(backend.state()).toBe("closed");
  });

  test("counts the status after early hints", async () => {
    expect(await ask({ path: "/hints" }, new Agent())).toBe(500);
    expect(backend.state()).toBe("open");
  });
});

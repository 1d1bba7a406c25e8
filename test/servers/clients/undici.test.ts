import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import {
  Agent,
  Client,
  type Dispatcher,
  errors,
  getGlobalDispatcher,
  interceptors,
  request,
  setGlobalDispatcher,
  fetch as undiciFetch,
  upgrade,
} from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastInterceptor, type UndiciOptions } from "../../../src/clients/undici.js";
import { isFailfastError, TimeoutError } from "../../../src/index.js";
import { answer, type Backend, expectProbeIsFree, half, outcome, startBackend } from "./backend.js";

let backend: Backend;
let agents: Dispatcher[];

beforeEach(async () => {
  backend = await startBackend();
  agents = [];
});
afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.destroy().catch(() => undefined)));
  await backend.close();
});

function agent(options: UndiciOptions = {}): Dispatcher {
  const made = new Agent();
  agents.push(made);
  return made.compose(failfastInterceptor({ failfast: backend.failfast, ...options }));
}
const get = async (dispatcher: Dispatcher, path = "/"): Promise<number> => {
  const { statusCode, body } = await request(`${backend.origin}${path}`, { dispatcher });
  await body.dump();
  return statusCode;
};

describe("failfastInterceptor for undici", () => {
  test("opens the circuit of the origin at an answer of 500 and above, and sends nothing further", async () => {
    backend.handle = answer(500);
    const dispatcher = agent();
    expect(await get(dispatcher)).toBe(500);
    expect(await outcome(get(dispatcher, "/other"))).toMatchObject({
      name: "FailfastError",
      circuit: backend.origin,
    });
    expect(backend.requests).toBe(1);
  });

  test.each([404, 400, 401, 429])("counts an answer of %d as a success", async (status) => {
    backend.handle = answer(status);
    expect(await get(agent())).toBe(status);
    expect(backend.state()).toBe("closed");
  });

  test.each([429, 503])("opens for the time in the Retry-After of an answer of %d", async (status) => {
    backend.handle = answer(status, { "Retry-After": "7" });
    const dispatcher = agent();
    await get(dispatcher);
    expect(await outcome(get(dispatcher))).toMatchObject({ retryAfter: 7 });
  });

  test("leaves the answer and its body unchanged", async () => {
    backend.handle = answer(200, { "Content-Length": "2" }, "ok");
    const { statusCode, headers, body } = await request(backend.origin, { dispatcher: agent() });
    expect([statusCode, headers["content-length"]]).toEqual([200, "2"]);
    expect(await body.text()).toBe("ok");
  });

  test("passes a network error on as undici made it, and opens the circuit", async () => {
    await backend.close();
    const dispatcher = agent();
    expect(await outcome(get(dispatcher))).toMatchObject({ code: "ECONNREFUSED" });
    expect(isFailfastError(await outcome(get(dispatcher)))).toBe(true);
  });

  test("counts a headers time-out of the dispatcher as a failure", async () => {
    backend.handle = () => undefined;
    const dispatcher = agent();
    const call = outcome(request(backend.origin, { dispatcher, headersTimeout: 1 }));
    expect(await call).toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT" });
    expect(backend.state()).toBe("open");
  });

  test("gives undici's fetch and the runtime's the rejection as a cause", async () => {
    backend.handle = answer(500);
    const dispatcher = agent();
    const earlier = getGlobalDispatcher();
    setGlobalDispatcher(dispatcher);
    try {
      expect((await undiciFetch(backend.origin)).status).toBe(500);
      for (const fetch of [undiciFetch, globalThis.fetch]) {
        const error = await outcome(fetch(backend.origin));
        expect(error).toMatchObject({ name: "TypeError", cause: { code: "ERR_FAILFAST_OPEN" } });
        expect(isFailfastError(error)).toBe(true);
      }
      expect(backend.requests).toBe(1);
      await backend.reopen();
      backend.handle = answer(200, {}, "well again");
      expect(await (await fetch(backend.origin)).text()).toBe("well again");
      expect(backend.state()).toBe("closed");
    } finally {
      setGlobalDispatcher(earlier);
    }
  });

  test("composed before retry counts each attempt, and an open circuit is not retried", async () => {
    backend.handle = answer(503);
    const made = new Agent();
    agents.push(made);
    const dispatcher = made.compose(
      failfastInterceptor({ failfast: backend.failfast, threshold: 2 }),
      interceptors.retry({ minTimeout: 1, maxRetries: 5 }),
    );
    expect(isFailfastError(await outcome(get(dispatcher)))).toBe(true);
    expect(backend.requests).toBe(2);
  });

  test("requires and uses a name without an origin", async () => {
    // As a Client of undici 7 does; from version 8 on it gives its own origin.
    const untold: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (told, handler) => {
      const { origin: _, ...rest } = told;
      return dispatch(rest, handler);
    };
    const client = new Client(backend.origin);
    agents.push(client);
    const options = { failfast: backend.failfast };
    const nameless = client.compose(failfastInterceptor(options), untold);
    expect(await outcome(nameless.request({ path: "/", method: "GET" }))).toMatchObject({
      message: expect.stringContaining("give a name"),
    });
    const named = client.compose(failfastInterceptor({ ...options, name: "sales_api" }), untold);
    backend.handle = answer(500);
    await (await named.request({ path: "/", method: "GET" })).body.dump();
    expect(backend.state("sales_api")).toBe("open");
  });

  test("takes a function of the URL and the method as the name", async () => {
    backend.handle = answer(500);
    const dispatcher = agent({ name: (url, method) => `${method} ${url.pathname}` });
    await get(dispatcher, "/a?b=1");
    expect(backend.state("GET /a")).toBe("open");
  });

  test("ends the request with a TimeoutError at callTimeout, and opens the circuit", async () => {
    let gone = false;
    backend.handle = (request) => request.on("close", () => (gone = true));
    const dispatcher = agent({ callTimeout: "2s" });
    const call = outcome(get(dispatcher));
    await expect.poll(() => backend.requests).toBe(1);
    await backend.clock.advance(2_100);
    expect(await call).toBeInstanceOf(TimeoutError);
    await expect.poll(() => gone).toBe(true);
    expect(backend.state()).toBe("open");
  });

  test("ends a request at callTimeout while it waits for a connection", async () => {
    backend.handle = () => undefined;
    const made = new Agent({ connections: 1, pipelining: 1 });
    agents.push(made);
    const dispatcher = made.compose(
      failfastInterceptor({ failfast: backend.failfast, callTimeout: "2s", threshold: 5 }),
    );
    const calls = [outcome(get(dispatcher, "/first")), outcome(get(dispatcher, "/queued"))];
    await expect.poll(() => backend.requests).toBe(1);
    await backend.clock.advance(2_100);
    for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(TimeoutError);
  });

  test("counts no failure for a wait for a connection of the pool, all of which are busy", async () => {
    backend.handle = (request, response) => {
      if (request.url !== "/report") response.end();
    };
    const made = new Agent({ connections: 1, pipelining: 1 });
    agents.push(made);
    const { failfast } = backend;
    const reports = made.compose(failfastInterceptor({ failfast, name: "reports" }));
    const guard = failfastInterceptor({ failfast, callTimeout: "2s" });
    const dispatcher = made.compose(guard);
    const report = outcome(get(reports, "/report"));
    await expect.poll(() => backend.requests).toBe(1);
    const first = outcome(get(dispatcher, "/report"));
    await backend.clock.advance(2_100);
    expect(await first).toBeInstanceOf(TimeoutError);
    expect(backend.state()).toBe("closed");
    await made.destroy();
    await report;
  });

  describe("the probe's lease is released", () => {
    let dispatcher: Dispatcher;
    beforeEach(async () => {
      dispatcher = agent();
      backend.handle = answer(500);
      await get(dispatcher);
      backend.handle = () => undefined;
      await backend.reopen();
      backend.requests = 0;
    });
    const probe = (): Promise<void> => expectProbeIsFree(backend, () => get(dispatcher));

    test("by a caller that aborts", async () => {
      const caller = new AbortController();
      const call = outcome(request(backend.origin, { dispatcher, signal: caller.signal }));
      await expect.poll(() => backend.requests).toBe(1);
      expect(isFailfastError(await outcome(get(dispatcher)))).toBe(true);
      caller.abort();
      expect(await call).toMatchObject({ name: "AbortError" });
      await probe();
    });

    test("but not by a request that ends as aborted without its caller", async () => {
      const gone: Dispatcher.DispatcherComposeInterceptor = () => (_, handler) => {
        handler.onResponseError?.({ aborted: false } as never, new errors.RequestAbortedError());
        return true;
      };
      const its = new Agent().compose(
        gone,
        failfastInterceptor({ failfast: backend.failfast, name: "gone" }),
      );
      expect(await outcome(its.request({ origin: backend.origin, path: "/", method: "GET" }))).toMatchObject({
        code: "UND_ERR_ABORTED",
      });
      expect(backend.state("gone")).toBe("open");
    });

    test("by a fetch with a caller that aborts", async () => {
      const caller = new AbortController();
      const call = outcome(undiciFetch(backend.origin, { dispatcher, signal: caller.signal }));
      await expect.poll(() => backend.requests).toBe(1);
      caller.abort();
      expect(await call).toMatchObject({ name: "AbortError" });
      await probe();
    });

    test("by a request that can't be made", async () => {
      await outcome(dispatcher.request({ origin: backend.origin, path: "nowhere", method: "GET" }));
      await outcome(
        dispatcher.request({ origin: backend.origin, path: "/", method: "GET", headers: { "a b": "c" } }),
      );
      await probe();
    });

    test("by a request whose body can't be read", async () => {
      async function* broken(): AsyncGenerator<Buffer> {
        yield Buffer.from("some");
        throw new Error("no more");
      }
      await outcome(request(backend.origin, { dispatcher, method: "POST", body: broken() as never }));
      expect(backend.state()).not.toBe("closed");
    });

    test("by a body that is cancelled early", async () => {
      backend.handle = (_, response) => {
        response.writeHead(200);
        response.write("the first of many");
      };
      const { body } = await request(backend.origin, { dispatcher });
      body.on("error", () => undefined);
      body.destroy();
      expect(backend.state()).toBe("closed");
    });

    test("but not by a network error, which opens the circuit again", async () => {
      backend.handle = (request) => request.socket.destroy();
      expect(isFailfastError(await outcome(get(dispatcher)))).toBe(false);
      expect(backend.state()).toBe("open");
    });
  });

  test("an upgrade and a CONNECT are successes once they are made", async () => {
    const server = createServer();
    server.on("upgrade", (_, socket) =>
      socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"),
    );
    server.on("connect", (_, socket) => {
      const target = connect((server.address() as AddressInfo).port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        target.end();
      });
      target.on("error", () => undefined);
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const dispatcher = agent({ probes: 2 });
    server.once("request", answer(500));
    await (await request(origin, { dispatcher })).body.dump();
    expect(backend.state(origin)).toBe("open");
    await backend.reopen();
    const upgraded = await upgrade(`${origin}/`, { dispatcher, protocol: "echo" });
    upgraded.socket.destroy();
    expect(backend.state(origin)).toBe("half-open");
    const connected = await dispatcher.connect({ origin, path: "example.com:80" });
    connected.socket.on("error", () => undefined).destroy();
    expect(backend.state(origin)).toBe("closed");
    server.closeAllConnections();
    server.close();
  });

  describe("body: true waits for the end of the body", () => {
    test("and counts one that breaks off as a failure", async () => {
      backend.handle = half;
      const { statusCode, body } = await request(backend.origin, { dispatcher: agent({ body: true }) });
      expect([statusCode, backend.state()]).toEqual([200, "closed"]);
      expect(await outcome(body.text())).toMatchObject({ code: "UND_ERR_SOCKET" });
      expect(backend.state()).toBe("open");
    });

    test("and counts one that ends or is cancelled by its status", async () => {
      const dispatcher = agent({ body: true });
      backend.handle = answer(500, {}, "broken");
      expect(await (await request(backend.origin, { dispatcher })).body.text()).toBe("broken");
      expect(backend.state()).toBe("open");
      await backend.reopen();
      backend.handle = (_, response) => void response.writeHead(200).write("the first of many");
      const { body } = await request(backend.origin, { dispatcher });
      expect(backend.state()).toBe("half-open");
      body.on("error", () => undefined).destroy();
      await expect.poll(() => backend.state()).toBe("closed");
    });
  });

  test("anything but a function, or a wrong option, is refused when the interceptor is created", () => {
    expect(() => failfastInterceptor({ name: 1 as never })).toThrow(TypeError);
    expect(() => failfastInterceptor({ timeout: -1 })).toThrow(RangeError);
  });
});

import axios, { AxiosError, type AxiosInstance, isAxiosError, isCancel } from "axios";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AxiosOptions, failfastAdapter } from "../../../src/clients/axios.js";
import { FailfastError, isFailfastError, TimeoutError } from "../../../src/index.js";
import { answer, type Backend, expectProbeIsFree, json, outcome, startBackend } from "./backend.js";

let backend: Backend;
beforeEach(async () => {
  backend = await startBackend();
});
afterEach(() => backend.close());

const client = (options: AxiosOptions = {}, config: object = {}): AxiosInstance =>
  axios.create({
    ...config,
    adapter: failfastAdapter(axios, { failfast: backend.failfast, ...options }),
  });

/** A token that axios did not make: it has no reason. */
function foreignToken() {
  const listeners = new Set<(reason?: unknown) => void>();
  const token = {
    listeners,
    promise: new Promise(() => undefined),
    throwIfRequested: () => undefined,
    subscribe: (listener: () => void) => void listeners.add(listener),
    unsubscribe: (listener: () => void) => void listeners.delete(listener),
  };
  const cancel = (): void => {
    for (const listener of [...listeners]) listener();
  };
  return { token, cancel };
}

describe.each(["http", "fetch"] as const)("failfastAdapter for axios, over its %s adapter", (adapter) => {
  test("passes on axios's own error for 500 and above, and opens the circuit of its origin", async () => {
    backend.handle = json(500, { message: "broken" });
    const { get } = client({ adapter });
    const error = (await outcome(get(`${backend.origin}/a`))) as AxiosError;
    expect(isAxiosError(error)).toBe(true);
    expect(error.response).toMatchObject({ status: 500, data: { message: "broken" } });
    const rejection = await outcome(get(`${backend.origin}/b`));
    expect(rejection).toBeInstanceOf(FailfastError);
    expect(rejection).toMatchObject({ circuit: backend.origin, cause: error });
    expect(backend.requests).toBe(1);
  });

  test("counts a 500 that validateStatus accepts as a failure, and a 404 that it rejects as a success", async () => {
    backend.handle = answer(404);
    expect(await outcome(client({ adapter }).get(backend.origin))).toMatchObject({ status: 404 });
    expect(backend.state()).toBe("closed");
    backend.handle = answer(500);
    const lenient = client({ adapter }, { validateStatus: () => true });
    expect((await lenient.get(backend.origin)).status).toBe(500);
    expect(backend.state()).toBe("open");
  });

  test.each([429, 503])("opens for the time in the Retry-After of an answer of %d", async (status) => {
    backend.handle = answer(status, { "Retry-After": "7" });
    const { get } = client({ adapter });
    await outcome(get(backend.origin));
    expect(await outcome(get(backend.origin))).toMatchObject({ retryAfter: 7 });
  });

  test("passes a network error on as axios made it, and opens the circuit", async () => {
    await backend.close();
    const { get } = client({ adapter });
    expect(await outcome(get(backend.origin))).toBeInstanceOf(AxiosError);
    expect(await outcome(get(backend.origin))).toBeInstanceOf(FailfastError);
  });

  test("counts axios's own timeout as a failure", async () => {
    backend.handle = () => undefined;
    const { get } = client({ adapter }, { timeout: 30 });
    expect(await outcome(get(backend.origin))).toMatchObject({ name: "AxiosError" });
    expect(backend.state()).toBe("open");
  });

  test("aborts the request at callTimeout, and leaves the caller's configuration unchanged", async () => {
    const signal = new AbortController().signal;
    const { get } = client({ adapter, callTimeout: "2s" }, { signal });
    expect((await get(backend.origin)).config.signal).toBe(signal);
    backend.handle = answer(404);
    expect(((await outcome(get(backend.origin))) as AxiosError).config?.signal).toBe(signal);
    let gone = false;
    backend.handle = (request) => request.on("close", () => (gone = true));
    const call = outcome(get(backend.origin));
    await expect.poll(() => backend.requests).toBe(3);
    await backend.clock.advance(2_100);
    expect(await call).toBeInstanceOf(TimeoutError);
    await expect.poll(() => gone).toBe(true);
    expect(backend.state()).toBe("open");
  });

  describe("the probe's lease is released", () => {
    let instance: AxiosInstance;
    beforeEach(async () => {
      instance = client({ adapter, callTimeout: "2s" });
      backend.handle = answer(500);
      await outcome(instance.get(backend.origin));
      await backend.reopen();
      backend.handle = () => undefined;
      backend.requests = 0;
    });
    const probe = (): Promise<void> => expectProbeIsFree(backend, () => instance.get(backend.origin));

    test("by a caller that aborts", async () => {
      const caller = new AbortController();
      const call = outcome(instance.get(backend.origin, { signal: caller.signal }));
      await expect.poll(() => backend.requests).toBe(1);
      expect(isFailfastError(await outcome(instance.get(backend.origin)))).toBe(true);
      caller.abort();
      expect(isCancel(await call)).toBe(true);
      await probe();
    });

    test("by a cancel token", async () => {
      const source = axios.CancelToken.source();
      const call = outcome(instance.get(backend.origin, { cancelToken: source.token }));
      await expect.poll(() => backend.requests).toBe(1);
      source.cancel("no longer needed");
      expect(isCancel(await call)).toBe(true);
      await probe();
    });
  });

  test("a token of somebody else that can't be subscribed to rejects the request, and nothing else", async () => {
    const cancelToken = {
      promise: new Promise(() => undefined),
      throwIfRequested: () => undefined,
      subscribe: () => {
        throw new Error("no listeners here");
      },
      unsubscribe: () => undefined,
      toAbortSignal: () => cancelToken.subscribe(),
    };
    const { get } = client({ adapter });
    const config = { cancelToken: cancelToken as never };
    expect(await outcome(get(backend.origin, config))).toMatchObject({ message: "no listeners here" });
    expect(backend.state()).toBe("closed");
    // Vitest fails the file if a promise is rejected without a handler.
    await new Promise(setImmediate);
  });

  test("a caller's AbortSignal.timeout() counts as a time-out", async () => {
    backend.handle = () => undefined;
    const { get } = client({ adapter });
    await outcome(get(backend.origin, { signal: AbortSignal.timeout(30) }));
    expect(backend.state()).toBe("open");
  });

  test("an error that looks cancelled, without a caller that cancelled, is a failure", async () => {
    const { get } = client({
      adapter: () => Promise.reject(new axios.CanceledError("a proxy gave up")),
    });
    expect(isCancel(await outcome(get(backend.origin)))).toBe(true);
    expect(backend.state()).toBe("open");
  });

  test("the name is one for all, or a function of the URL and the method", async () => {
    backend.handle = answer(500);
    await outcome(client({ adapter, name: "sales_api" }).get(backend.origin));
    expect(backend.state("sales_api")).toBe("open");
    const options = { adapter, name: (url: URL, method: string) => `${method} ${url.pathname}` } as const;
    await outcome(client(options, { baseURL: backend.origin }).post("/a", {}, { params: { b: 1 } }));
    expect(backend.state("POST /a")).toBe("open");
  });
});

describe.each([
  ["before the answer", false],
  ["in the middle of its body", true],
])("a stream that a token of somebody else cancels %s", (_, answers) => {
  test("counts for nothing, and leaves no listener on the token", async () => {
    const { token, cancel } = foreignToken();
    backend.handle = (_request, response) => {
      if (answers) response.writeHead(200).write("0");
    };
    const { get } = client({ idleTimeout: "5s" });
    const call = get(backend.origin, { responseType: "stream", cancelToken: token as never });
    const seen = outcome(
      answers
        ? call.then(async ({ data }) => {
            for await (const _chunk of data) cancel();
          })
        : call,
    );
    await expect.poll(() => backend.requests).toBe(1);
    if (!answers) cancel();
    expect(isCancel(await seen)).toBe(true);
    expect([backend.state(), token.listeners.size]).toEqual(["closed", 0]);
  });
});

test("a stream that ends leaves no listener on its caller's token", async () => {
  const { token } = foreignToken();
  const { get } = client({ idleTimeout: "5s" });
  const config = { responseType: "stream", cancelToken: token as never } as const;
  const { data } = await get(backend.origin, config);
  for await (const _chunk of data);
  expect(token.listeners.size).toBe(0);
  backend.handle = answer(500);
  await outcome(get(backend.origin, config));
  await outcome(get(backend.origin, config));
  expect([backend.state(), token.listeners.size]).toEqual(["open", 0]);
});

test("a request that can't be sent releases the probe's lease", async () => {
  const { get, post } = client();
  backend.handle = answer(500);
  await outcome(get(backend.origin));
  await backend.reopen();
  const unsent = post(backend.origin, { a: 1 }, { transformRequest: (data) => data });
  expect(await outcome(unsent)).toMatchObject({ code: "ERR_BAD_REQUEST" });
  expect([backend.state(), backend.requests]).toEqual(["half-open", 1]);
  await expectProbeIsFree(backend, () => get(backend.origin));
});

test("many requests under one signal leave one listener on it", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  const { get } = client({
    callTimeout: "2s",
    adapter: async (config) => ({ status: 200, headers: {}, config }),
  });
  for (let n = 0; n < 20; n++) await get(backend.origin, { signal });
  expect(listeners).toBe(1);
});

test("an invalid URL is refused by axios; anything but axios, or a wrong option, is refused when the adapter is created", async () => {
  expect(await outcome(client().get("http://["))).toMatchObject({ code: expect.stringContaining("URL") });
  expect(() => failfastAdapter({} as never)).toThrow(TypeError);
  expect(() => failfastAdapter(axios, { name: 1 as never })).toThrow(TypeError);
});

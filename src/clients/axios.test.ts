import { beforeEach, describe, expect, test } from "vitest";
import { createFailfast, type Failfast } from "../index.js";
import { manualClock } from "../testing/index.js";
import { type AxiosLike, failfastAdapter } from "./axios.js";

interface Config {
  readonly url?: string;
  readonly signal?: AbortSignal;
  readonly cancelToken?: {
    readonly reason?: unknown;
    subscribe?(listener: () => void): void;
    unsubscribe?(listener: () => void): void;
  };
}

/** Rejects as axios does: with the answer, if there was one. */
const refused = (status: number, headers: object = {}): Error =>
  Object.assign(new Error(`status ${status}`), { response: { status, headers } });

describe("failfastAdapter", () => {
  let failfast: Failfast;
  let send: (config: Config) => Promise<unknown>;
  let sent: Config[];
  const axios: AxiosLike = {
    defaults: { adapter: "http" },
    getAdapter: () => (config: Config) => {
      sent.push(config);
      return send(config);
    },
    getUri: ({ url }: Config) => url ?? "",
  };
  const adapter = (options: object = {}) => failfastAdapter(axios, { failfast, threshold: 1, ...options });

  beforeEach(() => {
    failfast = createFailfast({ clock: manualClock() });
    send = async () => ({ status: 200, headers: {} });
    sent = [];
  });

  test("keeps a circuit for each origin", async () => {
    const call = adapter();
    send = async () => Promise.reject(refused(500));
    await expect(call({ url: "https://a.test/x" })).rejects.toThrow("status 500");
    await expect(call({ url: "https://a.test/y" })).rejects.toMatchObject({ circuit: "https://a.test" });
    send = async () => ({ status: 200, headers: {} });
    expect(await call({ url: "https://b.test/" })).toMatchObject({ status: 200 });
    expect(sent.map(({ url }) => url)).toEqual(["https://a.test/x", "https://b.test/"]);
  });

  test("takes a string as the name, or a function of the URL and method", async () => {
    send = async () => Promise.reject(refused(503));
    await adapter({ name: "api" })({ url: "https://a.test/" }).catch(() => undefined);
    const named = adapter({ name: ({ pathname }: URL, method: string) => `${method} ${pathname}` });
    await named({ url: "https://a.test/x" }).catch(() => undefined);
    expect([failfast("api").state, failfast("GET /x").state]).toEqual(["open", "open"]);
  });

  test.each([
    ["500", refused(500), "open"],
    ["429 with Retry-After", refused(429, { "retry-after": "7" }), "open"],
    ["429 without it", refused(429), "closed"],
    ["404", refused(404), "closed"],
    ["an error without an answer", new Error("ECONNRESET"), "open"],
    ["a configuration that axios refuses", Object.assign(new Error(), { code: "ERR_BAD_OPTION" }), "closed"],
  ])("%s leaves the circuit as it should", async (_, error, state) => {
    send = async () => Promise.reject(error);
    await expect(adapter()({ url: "https://a.test/" })).rejects.toBe(error);
    expect(failfast("https://a.test").state).toBe(state);
  });

  test("counts a failed status that validateStatus accepts", async () => {
    send = async () => ({ status: 500, headers: {} });
    expect(await adapter()({ url: "https://a.test/" })).toMatchObject({ status: 500 });
    expect(failfast("https://a.test").state).toBe("open");
  });

  test("opens for the time in Retry-After", async () => {
    send = async () => Promise.reject(refused(503, { "retry-after": "120" }));
    await adapter()({ url: "https://a.test/" }).catch(() => undefined);
    expect(failfast("https://a.test").retryAfter).toBe(120);
  });

  test("counts nothing if the caller cancels the request, by signal or by token", async () => {
    const controller = new AbortController();
    send = async () => Promise.reject(new Error("canceled"));
    controller.abort();
    await adapter()({ url: "https://a.test/", signal: controller.signal }).catch(() => undefined);
    await adapter()({ url: "https://a.test/", cancelToken: { reason: "left" } }).catch(() => undefined);
    expect(failfast("https://a.test").state).toBe("closed");
  });

  test("counts nothing if the caller cancels by a token of its own, and leaves no listener there", async () => {
    const listeners = new Set<() => void>();
    const cancelToken = {
      subscribe: (listener: () => void) => void listeners.add(listener),
      unsubscribe: (listener: () => void) => void listeners.delete(listener),
    };
    await adapter()({ url: "https://a.test/", cancelToken });
    expect(listeners.size).toBe(0);
    send = () =>
      new Promise((_, reject) => cancelToken.subscribe(() => reject(new Error("whatever the token says"))));
    const call = adapter()({ url: "https://a.test/", cancelToken });
    for (const cancel of listeners) cancel();
    await expect(call).rejects.toThrow("whatever");
    expect([failfast("https://a.test").state, listeners.size]).toEqual(["closed", 1]);
    send = () => Promise.reject(new Error("refused"));
    await expect(adapter()({ url: "https://a.test/", cancelToken })).rejects.toThrow("refused");
    expect(failfast("https://a.test").state).toBe("open");
  });

  test("leaves an invalid URL to axios", async () => {
    send = async () => "axios's answer";
    expect(await adapter()({ url: "no URL" })).toBe("axios's answer");
  });

  test("refuses anything but axios, and a name that is neither string nor function", () => {
    expect(() => failfastAdapter({} as AxiosLike)).toThrow(/takes axios itself/);
    expect(() => failfastAdapter(axios, { name: 7 as never })).toThrow(/name is 7/);
  });
});

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createTRPCClient, httpBatchLink } from "@trpc/client";
import { type AnyRouter, initTRPC } from "@trpc/server";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import { createGateway, generateText, streamText } from "ai";
import axios from "axios";
import ky from "ky";
import OpenAI from "openai";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastFetch } from "../../../src/clients/fetch.js";
import { createFailfast, type Failfast, isFailfastError, TimeoutError } from "../../../src/index.js";
import { manualClock } from "../../../src/testing/index.js";

let handle: (request: IncomingMessage, response: ServerResponse) => void;
let calls: number;
let origin: string;
let failfast: Failfast;
let close: () => void;

beforeEach(async () => {
  calls = 0;
  handle = (_, response) => void response.end("ok");
  const server = createServer((request, response) => {
    calls++;
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  failfast = createFailfast({ threshold: 1 });
  close = () => {
    server.closeAllConnections();
    server.close();
  };
});
afterEach(() => close());

const answer =
  (status: number, headers: Record<string, string> = {}, body = "") =>
  (_: IncomingMessage, response: ServerResponse): void =>
    void response.writeHead(status, headers).end(body);
const outcome = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);
const stateOf = (): string => [...failfast.circuits()].find(({ name }) => name === origin)?.state ?? "none";

const FINISHED = { unified: "stop", raw: "stop" };
const USAGE = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };

describe("failfastFetch", () => {
  test("opens the circuit of the origin at an answer of 500 and above, and makes no further request", async () => {
    handle = answer(500, {}, "broken");
    const fetch = failfastFetch({ failfast });
    const response = await fetch(`${origin}/a`);
    expect([response.status, await response.text()]).toEqual([500, "broken"]);
    expect(await outcome(fetch(new URL(`${origin}/b`)))).toMatchObject({
      code: "ERR_FAILFAST_OPEN",
      circuit: origin,
    });
    expect(calls).toBe(1);
  });

  test.each([404, 400, 401, 429])("counts an answer of %d as a success", async (status) => {
    handle = answer(status);
    const fetch = failfastFetch({ failfast });
    expect((await fetch(origin)).status).toBe(status);
    expect(stateOf()).toBe("closed");
  });

  test.each([429, 503])("opens for the time in the Retry-After of an answer of %d", async (status) => {
    handle = answer(status, { "Retry-After": "7" });
    const fetch = failfastFetch({ failfast: createFailfast({ threshold: 1, clock: manualClock() }) });
    await fetch(origin);
    expect(await outcome(fetch(origin))).toMatchObject({ retryAfter: 7 });
  });

  test("passes a network error on unchanged, and opens the circuit", async () => {
    close();
    const fetch = failfastFetch({ failfast });
    const error = (await outcome(fetch(origin))) as Error;
    expect(error.message).toBe("fetch failed");
    expect(isFailfastError(await outcome(fetch(origin)))).toBe(true);
  });

  test("aborts the request at callTimeout", async () => {
    let gone = false;
    handle = (request) => request.on("close", () => (gone = true));
    const fetch = failfastFetch({ failfast, callTimeout: "2s" });
    expect(await outcome(fetch(origin))).toBeInstanceOf(TimeoutError);
    await expect.poll(() => gone).toBe(true);
    expect(stateOf()).toBe("open");
  });

  test("counts nothing if the caller aborts, with a signal in init or in a Request", async () => {
    handle = () => undefined;
    const fetch = failfastFetch({ failfast });
    for (const make of [
      (signal: AbortSignal) => fetch(origin, { signal }),
      (signal: AbortSignal) => fetch(new Request(origin, { signal })),
    ]) {
      const caller = new AbortController();
      const call = outcome(make(caller.signal));
      await expect.poll(() => calls > 0).toBe(true);
      caller.abort();
      expect(await call).toMatchObject({ name: "AbortError" });
      expect(stateOf()).toBe("closed");
    }
  });

  test("names circuits by something else than the origin", async () => {
    handle = answer(500);
    const fetch = failfastFetch({ failfast, name: (url, method) => `${method} ${url.pathname}` });
    await fetch(`${origin}/a`, { method: "post" });
    expect(isFailfastError(await outcome(fetch(`${origin}/a`, { method: "POST" })))).toBe(true);
    expect((await fetch(`${origin}/a`)).status).toBe(500);
    expect([...failfast.circuits()].map(({ name }) => name)).toEqual(["POST /a", "GET /a"]);
  });

  test("with body: true waits for the end of the body: one that breaks off is a failure", async () => {
    handle = (_, response) => {
      response.writeHead(200, { "Content-Length": "100" });
      response.write("half of it");
      setTimeout(() => response.destroy(), 20);
    };
    const fetch = failfastFetch({ failfast, body: true });
    const response = await fetch(`${origin}/x`);
    expect([response.status, response.url]).toEqual([200, `${origin}/x`]);
    expect(await outcome(response.text())).toBeInstanceOf(Error);
    expect(stateOf()).toBe("open");
  });

  test("with body: true leaves whole bodies and failed answers readable", async () => {
    handle = answer(200, { "Content-Type": "application/json" }, '{"a":1}');
    const fetch = failfastFetch({ failfast, body: true });
    expect(await (await fetch(origin)).json()).toEqual({ a: 1 });
    expect(stateOf()).toBe("closed");
    handle = answer(500, {}, "broken");
    expect(await (await fetch(origin)).text()).toBe("broken");
    expect(stateOf()).toBe("open");
  });

  test("with body: true returns a fallback's response unchanged", async () => {
    handle = answer(500);
    const fetch = failfastFetch({ failfast, body: true, fallback: () => new Response("an earlier answer") });
    await fetch(origin);
    expect(await (await fetch(origin)).text()).toBe("an earlier answer");
    expect(calls).toBe(1);
  });

  test("with body: true counts a status, whatever exceptions says about errors", async () => {
    handle = answer(500);
    const fetch = failfastFetch({ failfast, body: true, exceptions: [TimeoutError] });
    await fetch(origin);
    expect(stateOf()).toBe("open");
  });

  test.each([false, true])("counts an invalid request as neither, with body: %s", async (body) => {
    const clock = manualClock();
    const its = createFailfast({ threshold: 1, clock });
    const fetch = failfastFetch({ failfast: its, body });
    handle = answer(500);
    await (await fetch(origin)).text();
    await clock.advance(30_000);
    const state = (): string => [...its.circuits()][0]?.state ?? "none";
    for (const wrong of [{ headers: { "a b": "c" } }, { method: "a b" }, { body: "x" }])
      expect(await outcome(fetch(origin, wrong))).toBeInstanceOf(TypeError);
    expect([state(), calls]).toEqual(["half-open", 1]);
    handle = answer(200, {}, "ok");
    expect(await (await fetch(origin)).text()).toBe("ok");
    expect(state()).toBe("closed");
  });

  test("releases the probe's lease if the caller aborts, before the answer or while it reads the body", async () => {
    const clock = manualClock();
    const its = createFailfast({ threshold: 1, clock });
    const fetch = failfastFetch({ failfast: its, body: true, callTimeout: "5s" });
    const state = (): string => [...its.circuits()][0]?.state ?? "none";
    handle = answer(500);
    await fetch(origin);
    await clock.advance(30_000);
    const started = (_: IncomingMessage, response: ServerResponse): void =>
      void response.writeHead(200).write("the first of many");
    for (const next of [() => undefined, started]) {
      handle = next;
      calls = 0;
      const caller = new AbortController();
      const call = outcome(fetch(origin, { signal: caller.signal }).then((response) => response.text()));
      await expect.poll(() => calls).toBe(1);
      expect(isFailfastError(await outcome(fetch(origin)))).toBe(true);
      caller.abort();
      expect(await call).toMatchObject({ name: "AbortError" });
      expect(state()).toBe("half-open");
    }
    handle = started;
    await (await fetch(origin)).body?.cancel();
    await expect.poll(state).toBe("closed");
  });

  test("leaves one listener on a signal of many requests", async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    const sent = async (): Promise<Response> => new Response("ok");
    const fetch = failfastFetch({ failfast, callTimeout: "5s", fetch: sent as typeof globalThis.fetch });
    for (let n = 0; n < 20; n++) await fetch(origin, { signal });
    expect(listeners).toBe(1);
  });

  test("uses one circuit for all, by its name", async () => {
    handle = answer(500);
    const fetch = failfastFetch({ failfast, name: "sales_api" });
    await fetch(`${origin}/a`);
    expect(await outcome(fetch(`${origin}/b`))).toMatchObject({ circuit: "sales_api" });
  });

  test("works as the fetch of axios: a rejection is the cause of its error, as are network errors", async () => {
    const client = axios.create({ adapter: "fetch", env: { fetch: failfastFetch({ failfast }) } });
    handle = answer(200, { "Content-Type": "application/json" }, '{"a":1}');
    expect((await client.get(origin)).data).toEqual({ a: 1 });
    handle = answer(500);
    expect(await outcome(client.get(origin))).toMatchObject({ response: { status: 500 } });
    expect(isFailfastError(await outcome(client.get(origin)))).toBe(true);
    expect(calls).toBe(2);
  });

  test("works as the fetch of a tRPC client: a rejection is the cause of its error", async () => {
    const t = initTRPC.create();
    const serve = createHTTPHandler({ router: t.router({ hello: t.procedure.query(() => "there") }) });
    handle = serve;
    const links = [httpBatchLink({ url: origin, fetch: failfastFetch({ failfast }) as never })];
    const client = createTRPCClient<AnyRouter>({ links }) as unknown as {
      hello: { query(): Promise<string> };
    };
    expect(await client.hello.query()).toBe("there");
    handle = answer(500, { "Content-Type": "application/json" }, "{}");
    await outcome(client.hello.query());
    expect(isFailfastError(await outcome(client.hello.query()))).toBe(true);
    expect(calls).toBe(2);
  });

  test("works as the fetch of a provider of the AI SDK, generating and streaming", async () => {
    const gateway = createGateway({ apiKey: "x", baseURL: origin, fetch: failfastFetch({ failfast }) });
    const model = gateway("test/model");
    handle = answer(
      200,
      { "Content-Type": "application/json" },
      JSON.stringify({ content: [{ type: "text", text: "hello" }], finishReason: FINISHED, usage: USAGE }),
    );
    expect((await generateText({ model, prompt: "x" })).text).toBe("hello");
    const parts = [
      { type: "text-start", id: "1" },
      { type: "text-delta", id: "1", delta: "hello" },
      { type: "text-end", id: "1" },
      { type: "finish", finishReason: FINISHED, usage: USAGE },
    ];
    handle = answer(
      200,
      { "Content-Type": "text/event-stream" },
      parts.map((part) => `data: ${JSON.stringify(part)}\n\n`).join(""),
    );
    expect(await streamText({ model, prompt: "x" }).text).toBe("hello");
    handle = answer(500, { "Content-Type": "application/json" }, "{}");
    const ask = (): Promise<unknown> => outcome(generateText({ model, prompt: "x", maxRetries: 0 }));
    await ask();
    expect(isFailfastError(await ask())).toBe(true);
    expect(calls).toBe(3);
  });

  test("works as the fetch of ky and of openai", async () => {
    handle = answer(200, { "Content-Type": "application/json" }, '{"data":[]}');
    const fetch = failfastFetch({ failfast });
    expect(await ky(origin, { fetch, retry: 0 }).json()).toEqual({ data: [] });
    const openai = new OpenAI({ apiKey: "x", baseURL: origin, fetch, maxRetries: 0 });
    expect((await openai.models.list()).data).toEqual([]);
    handle = answer(500, { "Content-Type": "application/json" }, "{}");
    await outcome(ky(origin, { fetch, retry: 0 }).json());
    expect(isFailfastError(await outcome(ky(origin, { fetch, retry: 0 }).json()))).toBe(true);
    expect(isFailfastError(await outcome(openai.models.list()))).toBe(true);
  });

  test("throws a TypeError that names an invalid URL, and refuses anything but a function when it is created", async () => {
    expect(await outcome(failfastFetch({ failfast })("nowhere"))).toMatchObject({
      message: expect.stringContaining('"nowhere": it takes a URL'),
    });
    expect(() => failfastFetch({ name: 1 as never })).toThrow(TypeError);
  });
});

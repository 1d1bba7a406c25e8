import * as grpc from "@grpc/grpc-js";
import axios from "axios";
import OpenAI from "openai";
import { Agent, request, fetch as undiciFetch } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastModel } from "../../../src/clients/ai.js";
import { failfastAdapter } from "../../../src/clients/axios.js";
import { failfastFetch } from "../../../src/clients/fetch.js";
import { failfastInterceptor as grpcInterceptor } from "../../../src/clients/grpc.js";
import { failfastInterceptor } from "../../../src/clients/undici.js";
import { createFailfast, TimeoutError } from "../../../src/index.js";
import { manualClock } from "../../../src/testing/index.js";
import { type Backend, outcome, startBackend } from "./backend.js";

const IDLE_MS = 5_000;
let backend: Backend;
let close: (() => unknown)[];
/** Sends one more chunk of the body, or ends it. */
let send: (chunk?: string) => void;
/** The server has seen the connection go. */
let gone: boolean;
beforeEach(async () => {
  close = [];
  gone = false;
  backend = await startBackend();
  backend.handle = (_, response) => {
    gone = false;
    response.on("close", () => {
      gone = !response.writableFinished;
    });
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    send = (chunk) => (chunk === undefined ? response.end() : response.write(chunk));
    send("0");
  };
});
afterEach(async () => {
  for (const each of close.reverse()) await each();
  await backend.close();
});

/** A client's way to read a body: a function that returns the text of the next chunk, or `undefined` at the end. */
type Opened = { next(): Promise<string | undefined> };
const options = () => ({ failfast: backend.failfast, idleTimeout: "5s" as const, callTimeout: 30 as const });

async function byIterator(body: AsyncIterable<unknown>): Promise<Opened> {
  const items = body[Symbol.asyncIterator]();
  return {
    async next() {
      const { done, value } = await items.next();
      return done ? undefined : Buffer.from(value as Uint8Array).toString();
    },
  };
}

const CLIENTS: Record<string, () => Promise<Opened>> = {
  failfastFetch: async () => {
    const fetch = failfastFetch({ ...options(), body: true });
    return byIterator((await fetch(backend.origin)).body as never);
  },
  "failfastFetch of a fetch that knows no signal": async () => {
    const deaf = (url: string) => globalThis.fetch(url);
    const fetch = failfastFetch({ ...options(), body: true, fetch: deaf as never });
    return byIterator((await fetch(backend.origin)).body as never);
  },
  "undici's request": async () => {
    const agent = new Agent();
    close.push(() => agent.destroy());
    const dispatcher = agent.compose(failfastInterceptor({ ...options(), callTimeout: "2h", body: true }));
    return byIterator((await request(backend.origin, { dispatcher })).body);
  },
  "undici's fetch": async () => {
    const agent = new Agent();
    close.push(() => agent.destroy());
    const dispatcher = agent.compose(failfastInterceptor({ ...options(), callTimeout: "2h", body: true }));
    return byIterator((await undiciFetch(backend.origin, { dispatcher })).body as never);
  },
  "axios's stream of Node's": async () => {
    const client = axios.create({ adapter: failfastAdapter(axios, options()) });
    return byIterator((await client.get(backend.origin, { responseType: "stream" })).data);
  },
  "axios's stream by fetch": async () => {
    const client = axios.create({ adapter: failfastAdapter(axios, { ...options(), adapter: "fetch" }) });
    return byIterator((await client.get(backend.origin, { responseType: "stream" })).data);
  },
};

describe.each(Object.entries(CLIENTS))("%s", (_, open) => {
  test("counts a body that hangs as a failure, trips the circuit, and closes the connection", async () => {
    const body = await open();
    expect(await body.next()).toBe("0");
    send("1");
    expect(await body.next()).toBe("1");
    const next = outcome(body.next());
    // The chunk before may not have passed the client yet.
    await expect
      .poll(async () => {
        await backend.clock.advance(IDLE_MS);
        return backend.state();
      })
      .toBe("open");
    const error = (await next) as { name: string; cause?: unknown };
    const timeout = error instanceof TimeoutError ? error : error.cause;
    expect(timeout).toBeInstanceOf(TimeoutError);
    expect((timeout as TimeoutError).waitedFor).toBe("next-item");
    await expect.poll(() => gone, { timeout: 10_000 }).toBe(true);
  });

  test("accepts a body that comes slowly but steadily", async () => {
    const body = await open();
    expect(await body.next()).toBe("0");
    for (let n = 1; n < 6; n++) {
      const next = body.next();
      await backend.clock.advance(0.8 * IDLE_MS);
      send(`${n}`);
      expect(await next).toBe(`${n}`);
    }
    const end = body.next();
    send();
    expect(await end).toBeUndefined();
    await expect.poll(() => backend.state()).toBe("closed");
  });

  test("does not count the time that the reader takes", async () => {
    const body = await open();
    expect(await body.next()).toBe("0");
    // More than all buffers on the way can hold.
    const many = "x".repeat(1_000_000);
    for (let n = 0; n < 8; n++) send(many);
    expect((await body.next())?.[0]).toBe("x");
    let last = "";
    for (let n = 0; n < 10; n++) {
      await new Promise((done) => setImmediate(done));
      await backend.clock.advance(2 * IDLE_MS);
    }
    expect(backend.state()).toBe("closed");
    send();
    for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next()) last = chunk;
    expect(last.at(-1)).toBe("x");
    expect(backend.state()).toBe("closed");
  });
});

test("OpenAI's client through failfastFetch: the stream fails, and its connection is closed", async () => {
  const fetch = failfastFetch({ ...options(), body: true });
  const openai = new OpenAI({ apiKey: "x", baseURL: backend.origin, fetch, maxRetries: 0 });
  const said = (content: string): string =>
    `data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta: { content } }] })}\n\n`;
  const stream = openai.chat.completions.create({ model: "m", messages: [], stream: true });
  await expect.poll(() => backend.requests).toBe(1);
  const items = (await stream)[Symbol.asyncIterator]();
  send(`\n\n${said("hel")}`);
  const first = items.next();
  expect((await first).value?.choices[0]?.delta.content).toBe("hel");
  const next = outcome(items.next());
  await expect
    .poll(async () => {
      await backend.clock.advance(IDLE_MS);
      return backend.state();
    })
    .toBe("open");
  expect(await next).toBeInstanceOf(Error);
  await expect.poll(() => gone).toBe(true);
});

test("a model of the AI SDK: its stream fails, whatever it does with a signal", async () => {
  const clock = manualClock();
  const failfast = createFailfast({ clock });
  let cancelled = false;
  const model = failfastModel(
    {
      specificationVersion: "v3",
      provider: "p",
      modelId: "m",
      supportedUrls: {},
      doGenerate: async () => ({}),
      doStream: async () => ({
        stream: new ReadableStream({
          start(controller) {
            controller.enqueue({ type: "stream-start", warnings: [] });
            controller.enqueue({ type: "text-delta", id: "1", delta: "hel" });
          },
          cancel() {
            cancelled = true;
          },
        }),
      }),
    },
    { failfast, idleTimeout: "5s", threshold: 1 },
  );
  const { stream } = (await (model as unknown as { doStream(asked: object): Promise<unknown> }).doStream(
    {},
  )) as unknown as { stream: ReadableStream<{ type: string }> };
  const reader = stream.getReader();
  expect((await reader.read()).value?.type).toBe("stream-start");
  expect((await reader.read()).value?.type).toBe("text-delta");
  const next = outcome(reader.read());
  await clock.advance(IDLE_MS);
  expect(await next).toBeInstanceOf(TimeoutError);
  expect([...failfast.circuits()].map(({ state }) => state)).toEqual(["open"]);
  await expect.poll(() => cancelled).toBe(true);
});

describe("a stream of gRPC", () => {
  const bytes = {
    requestStream: false,
    requestSerialize: Buffer.from,
    requestDeserialize: (each: Buffer) => each,
    responseSerialize: Buffer.from,
    responseDeserialize: (each: Buffer) => each.toString(),
  };
  const method = { ...bytes, path: "/sales.v1.Invoices/List", responseStream: true };

  test.each(["first", "end"] as const)(
    "ends if it is silent, here and at the server (streams: %o)",
    async (streams) => {
      let call: grpc.ServerWritableStream<Buffer, string> | undefined;
      let cancelled = false;
      const server = new grpc.Server();
      server.addService({ list: method } as never, {
        list(begun: grpc.ServerWritableStream<Buffer, string>) {
          call = begun;
          begun.on("cancelled", () => {
            cancelled = true;
          });
          begun.write("0");
        },
      });
      const port = await new Promise<number>((done, failed) =>
        server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
          error ? failed(error) : done(bound),
        ),
      );
      const interceptor = grpcInterceptor(grpc as never, {
        failfast: backend.failfast,
        idleTimeout: "5s",
        streams,
      });
      const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
        interceptors: [interceptor as never],
      });
      close.push(
        () => server.forceShutdown(),
        () => client.close(),
      );
      const stream = client.makeServerStreamRequest(
        method.path,
        method.requestSerialize as never,
        method.responseDeserialize,
        "x",
        new grpc.Metadata(),
        { deadline: Date.now() + 60_000 },
      );
      const failed = new Promise<grpc.ServiceError>((done) => stream.on("error", done as never));
      const messages: string[] = [];
      stream.on("data", (message: string) => messages.push(message));
      await expect.poll(() => messages.length).toBe(1);
      // Slowly, but steadily.
      for (let n = 1; n < 4; n++) {
        await backend.clock.advance(0.8 * IDLE_MS);
        call?.write(`${n}`);
        await expect.poll(() => messages.length).toBe(n + 1);
      }
      expect(backend.state("sales.v1.Invoices")).toBe("closed");
      await backend.clock.advance(IDLE_MS);
      const error = await failed;
      expect([error.code, error.details]).toEqual([
        grpc.status.DEADLINE_EXCEEDED,
        expect.stringContaining("5000 ms"),
      ]);
      await expect.poll(() => backend.state("sales.v1.Invoices")).toBe("open");
      await expect.poll(() => cancelled, { timeout: 10_000 }).toBe(true);
    },
  );
});

test("idleTimeout without body: true is refused where it would have no effect", () => {
  for (const make of [failfastFetch, failfastInterceptor])
    expect(() => make({ idleTimeout: "5s" })).toThrow(/body: true/);
});

// A backend that accepts a request and never answers, through each client's guard: the circuit opens while the calls
// hang.

import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { generateText, streamText } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import axios from "axios";
import { Agent, request } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastModel } from "../../../src/clients/ai.js";
import { failfastAdapter } from "../../../src/clients/axios.js";
import { failfastFetch } from "../../../src/clients/fetch.js";
import { failfastInterceptor as grpcInterceptor } from "../../../src/clients/grpc.js";
import { failfastInterceptor } from "../../../src/clients/undici.js";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { type ManualClock, manualClock } from "../../../src/testing/index.js";

const CALLS = 4;
const OPTIONS = { name: "api", slowCall: "200ms", slowCallRate: 0.5, minimumCalls: CALLS } as const;

let clock: ManualClock;
let failfast: Failfast;
let server: Server;
let sockets: Socket[];
let host: string;
let ends: (() => unknown)[];

beforeEach(async () => {
  clock = manualClock();
  failfast = createFailfast({ clock });
  sockets = [];
  ends = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const end of ends) await end();
  await new Promise((resolve) => server.close(resolve));
});

/** A model whose requests never get an answer. */
const model = (): MockLanguageModelV3 =>
  new MockLanguageModelV3({
    doGenerate: () => new Promise(() => undefined),
    doStream: () => new Promise(() => undefined),
  });

/** How to make one call with each client. */
const CLIENTS: Record<string, () => () => unknown> = {
  fetch: () => {
    const guarded = failfastFetch({ failfast, ...OPTIONS });
    return () => guarded(`http://${host}/`);
  },
  "fetch, judged by its body": () => {
    const guarded = failfastFetch({ failfast, body: true, ...OPTIONS });
    return () => guarded(`http://${host}/`);
  },
  undici: () => {
    const agent = new Agent();
    ends.push(() => agent.destroy());
    const dispatcher = agent.compose(failfastInterceptor({ failfast, ...OPTIONS }));
    return () => request(`http://${host}/`, { dispatcher });
  },
  axios: () => {
    const { get } = axios.create({ adapter: failfastAdapter(axios, { failfast, ...OPTIONS }) });
    return () => get(`http://${host}/`);
  },
  "grpc-js": () => {
    const plain = (value: string): Buffer => Buffer.from(value);
    const method = {
      path: "/api.Service/Get",
      requestStream: false,
      responseStream: false,
      requestSerialize: plain,
      requestDeserialize: String,
      responseSerialize: plain,
      responseDeserialize: String,
    };
    const Service = grpc.makeGenericClientConstructor({ get: method } as never, "Service");
    const client = new Service(host, grpc.credentials.createInsecure(), {
      interceptors: [grpcInterceptor(grpc, { failfast, ...OPTIONS })],
    });
    ends.push(() => client.close());
    const { get } = client as unknown as { get(request: string, done: () => void): unknown };
    return () => get.call(client, "x", () => undefined);
  },
  "the AI SDK": () => {
    const guarded = failfastModel([model() as never], { failfast, ...OPTIONS, name: () => "api" });
    return () => generateText({ model: guarded as never, prompt: "x", maxRetries: 0 });
  },
  "the AI SDK, streaming": () => {
    const guarded = failfastModel([model() as never], { failfast, ...OPTIONS, name: () => "api" });
    return () =>
      streamText({
        model: guarded as never,
        prompt: "x",
        maxRetries: 0,
        onError: () => undefined,
      }).consumeStream();
  },
};

const circuit = () => [...failfast.circuits()].find(({ name }) => name === "api");

describe.each(Object.entries(CLIENTS))("%s", (_, make) => {
  test("opens the circuit while calls hang", async () => {
    const call = make();
    for (let n = 0; n < CALLS; n++) Promise.resolve(call()).catch(() => undefined);
    await expect.poll(() => circuit()?.snapshot().inFlight).toBe(CALLS);
    await clock.advance(190);
    expect(circuit()?.state).toBe("closed");
    await clock.advance(20);
    expect(circuit()?.state).toBe("open");
    expect(circuit()?.snapshot()).toMatchObject({ reason: "slow calls", inFlight: CALLS });
  });
});

// Clients and helpers that retry failed calls, around a guard: a rejection comes at once, and can be recognised.
import axios from "axios";
import axiosRetry from "axios-retry";
import { ConstantBackoff, handleWhen, retry } from "cockatiel";
import got from "got";
import ky, { type KyInstance } from "ky";
import OpenAI from "openai";
import pRetry from "p-retry";
import { Agent, interceptors, RetryAgent, request } from "undici";
import { failfastAdapter } from "../../../src/clients/axios.js";
import { failfastInterceptor } from "../../../src/clients/undici.js";
import { isFailfastError } from "../../../src/index.js";
import type { Backend } from "./backend.js";
import { type Call, guarded, tellsAtOnce } from "./tells-at-once.js";

/** How a client in the documentation makes a call. */
const clients: Record<string, Call> = {
  openai: (backend) => client(backend).models.list(),
  "openai, streaming": (backend) =>
    client(backend).chat.completions.create({
      model: "m",
      messages: [{ role: "user", content: "x" }],
      stream: true,
    }),
  "openai without retries": (backend) => client(backend, { maxRetries: 0 }).models.list(),
  "openai, the answer as it is": (backend) => client(backend).models.list().asResponse(),
  ky: (backend) => kyWith(backend).get(backend.origin).json(),
  "p-retry": (backend) =>
    pRetry(() => guarded(backend)(backend.origin), { shouldRetry: ({ error }) => !isFailfastError(error) }),
  "cockatiel's retry": (backend) =>
    retry(
      handleWhen((error) => !isFailfastError(error)),
      { maxAttempts: 3, backoff: new ConstantBackoff(1) },
    ).execute(() => guarded(backend)(backend.origin)),
  "axios with axios-retry": (backend) => {
    const { failfast } = backend;
    const instance = axios.create({ adapter: failfastAdapter(axios, { failfast }) });
    axiosRetry(instance, { retries: 3 });
    return instance.get(backend.origin);
  },
  "axios over the fetch": (backend) =>
    axios.create({ adapter: "fetch", env: { fetch: guarded(backend) } }).get(backend.origin),
  got: (backend) => {
    const circuit = backend.failfast(backend.origin, "30s");
    const handlers = [
      // biome-ignore lint/suspicious/noExplicitAny: got's own types
      (options: any, next: any) => (options.isStream ? next(options) : circuit.run(() => next(options))),
    ];
    return got.extend({ handlers })(backend.origin).json();
  },
  "undici's retry interceptor": (backend) => {
    const { failfast } = backend;
    const agent = new Agent().compose(failfastInterceptor({ failfast }), interceptors.retry());
    return request(backend.origin, { dispatcher: agent });
  },
  "undici's RetryAgent": (backend) => {
    const { failfast } = backend;
    const agent = new RetryAgent(new Agent().compose(failfastInterceptor({ failfast })) as never);
    return request(backend.origin, { dispatcher: agent });
  },
};

const client = (backend: Backend, options: object = {}): OpenAI =>
  new OpenAI({ apiKey: "x", baseURL: backend.origin, fetch: guarded(backend), ...options });
const kyWith = (backend: Backend, options: object = {}): KyInstance =>
  ky.create({
    fetch: guarded(backend),
    retry: { shouldRetry: ({ error }) => (isFailfastError(error) ? false : undefined) },
    ...options,
  });

tellsAtOnce(clients);

// Guards get something else than an object of options, as from code without types.
import axios from "axios";
import { describe, expect, test } from "vitest";
import { failfastModel } from "../clients/ai.js";
import { failfastAdapter } from "../clients/axios.js";
import { failfastProcessor } from "../clients/bullmq.js";
import { failfastFetch } from "../clients/fetch.js";
import { failfastInterceptor as grpcInterceptor } from "../clients/grpc.js";
import { guardPool } from "../clients/pool.js";
import { failfastInterceptor } from "../clients/undici.js";
import { createFailfast } from "../index.js";
import { openTelemetryMetrics } from "../telemetry/opentelemetry.js";
import { prometheusMetrics } from "../telemetry/prometheus.js";
import * as express from "./express.js";
import * as fastify from "./fastify.js";
import * as hono from "./hono.js";
import * as koa from "./koa.js";
import { failfastBatch, withFailfast } from "./lambda.js";

const failfast = createFailfast();
const model = { provider: "p", modelId: "m", doGenerate: async () => ({}), doStream: async () => ({}) };
const pool = { connect() {}, query() {}, totalCount: 1 };
const grpc = { InterceptingCall: class {}, Metadata: class {} };

const MADE_WITH: Readonly<Record<string, (options: never) => unknown>> = {
  failfastFetch,
  "undici's failfastInterceptor": failfastInterceptor,
  failfastAdapter: (options) => failfastAdapter(axios, options),
  "gRPC's failfastInterceptor": (options) => grpcInterceptor(grpc as never, options),
  failfastModel: (options) => failfastModel(model as never, options),
  failfastProcessor: (options) => failfastProcessor(async () => 1, options),
  "Express's guard": (options) => express.guard("invoices", 30, options),
  "Fastify's guard": (options) => fastify.guard("invoices", 30, options),
  "Hono's guard": (options) => hono.guard("invoices", 30, options),
  "Koa's guard": (options) => koa.guard("invoices", 30, options),
  guardPool: (options) => guardPool(failfast("pool", 30), pool, options),
  withFailfast: (options) => withFailfast(async () => 1, options),
  failfastBatch: (options) => failfastBatch(async () => 1, options),
  prometheusMetrics: (options) => prometheusMetrics(failfast, options),
  openTelemetryMetrics: (options) => openTelemetryMetrics(failfast, {} as never, options),
};

describe.each(Object.entries(MADE_WITH))("%s", (_, make) => {
  test.each([
    ["a function, whose name would be the circuit's", fetch, "the options are the function fetch"],
    ["a text", "sales_api", 'the options are "sales_api"'],
    ["a number", 30, "the options are 30"],
    ["null", null, "the options are null"],
    ["a list", [], "the options are an array"],
  ])("refuses %s in place of options", (_, given, message) => {
    expect(() => make(given as never)).toThrow(new TypeError(`${message}: they take an object`));
  });

  test("refuses an unknown option", () => {
    expect(() => make({ treshold: 5 } as never)).toThrow(/there is no option "treshold"[:;] .*[tT]here are /);
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createFailfast } from "failfast";
import { redisStore } from "failfast/redis";
import { Miniflare, Response } from "miniflare";
import { createClient } from "redis";
import { until } from "../project.mjs";
import { skip, startRedis } from "../redis.mjs";
import { bundled, failedCases } from "./bundled.mjs";

test("upstashStore in Cloudflare's workerd passes the contract, in one fleet with redisStore elsewhere", {
  skip,
}, async (t) => {
  const redis = await createClient({ url: await startRedis(t) })
    .on("error", () => {})
    .connect();
  t.after(() => redis.destroy());
  const worker = new Miniflare({
    modules: true,
    script: await bundled("upstash.js"),
    compatibilityDate: "2026-04-01",
    outboundService: (request) => answerAsUpstash(redis, request),
  });
  t.after(() => worker.dispose());
  const ask = async (path) => (await worker.dispatchFetch(`http://worker.test/${path}`)).json();

  assert.deepEqual(await failedCases(ask), []);

  const elsewhere = createFailfast({ store: redisStore(redis) });
  t.after(() => elsewhere.close());
  const salesApi = elsewhere("sales_api", "1h");
  await elsewhere.ready();
  assert.match((await ask("fails")).error, /down/);
  await until(() => salesApi.state === "open", "it is open elsewhere");
  await salesApi.reset();
  await until(async () => (await ask("state")).state === "closed", "it is closed in the worker");
});

/** Upstash's protocol, in front of a Redis. */
async function answerAsUpstash(redis, request) {
  const body = await request.json();
  const execute = async (command) => {
    try {
      return { result: await redis.sendCommand(command.map(String)) };
    } catch (error) {
      return { error: error.message };
    }
  };
  const encode = request.headers.get("upstash-encoding") === "base64" ? base64 : (answer) => answer;
  if (new URL(request.url).pathname === "/pipeline")
    return Response.json((await Promise.all(body.map(execute))).map(encode));
  const answer = await execute(body);
  return Response.json(encode(answer), { status: "error" in answer ? 400 : 200 });
}

/** Texts in a result are encoded, at any depth; numbers, null and "OK" aren't. */
function base64({ result, ...error }) {
  const encode = (value) => {
    if (Array.isArray(value)) return value.map(encode);
    return typeof value === "string" && value !== "OK" ? Buffer.from(value).toString("base64") : value;
  };
  return result === undefined ? error : { result: encode(result) };
}

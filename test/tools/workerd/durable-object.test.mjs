import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { Miniflare, Response } from "miniflare";
import { copyOf, until } from "../project.mjs";
import { bundled, failedCases } from "./bundled.mjs";

const compatibility = { compatibilityDate: "2026-04-01", modules: true };
const store = { className: "FailfastDurableObject", scriptName: "one", useSQLite: true };

describe("a store in a Durable Object, in Cloudflare's workerd", { concurrency: 1 }, () => {
  let workers;
  let backend = 200;
  const ask = async (worker, path) => {
    const response = await (await workers.getWorker(worker)).fetch(`http://worker.test/${path}`);
    return await response.json();
  };
  const answer = async (worker, path) => {
    const { answer: given, error } = await ask(worker, path);
    assert.equal(error, undefined);
    return given;
  };
  const becomes = (worker, state) =>
    until(async () => (await ask(worker, "works")).state === state, `${worker} is ${state}`, 20_000);

  before(async () => {
    const fleet = await bundled("fleet.js");
    const common = {
      ...compatibility,
      script: fleet,
      outboundService: () => new Response("", { status: backend }),
    };
    const agent = { className: "Agent", scriptName: "agent" };
    workers = new Miniflare({
      workers: [
        {
          ...common,
          name: "one",
          kvNamespaces: ["KV"],
          durableObjects: {
            FAILFAST: { className: "FailfastDurableObject", useSQLite: true },
            TELLING: { className: "Telling", useSQLite: true },
            OLD: { className: "FailfastDurableObject", scriptName: "two" },
            AGENT: agent,
          },
        },
        {
          ...common,
          name: "two",
          durableObjects: { FAILFAST: store, OLD: { className: "FailfastDurableObject" }, AGENT: agent },
        },
        {
          ...compatibility,
          script: await bundled("agent.js"),
          name: "agent",
          durableObjects: { FAILFAST: store, AGENT: { className: "Agent", useSQLite: true } },
        },
      ],
    });
    await workers.ready;
  });
  after(() => workers?.dispose());

  for (const [who, path] of [
    ["a worker", ""],
    ["a Durable Object", "agent/"],
  ])
    test(`passes the contract, with ${who} as the caller`, async () => {
      const asked = async (what) => {
        const { answer: given, error } = await ask("one", path + what);
        return error === undefined ? given : { error };
      };
      assert.deepEqual(await failedCases(asked), []);
    });

  test("shares a trip between workers, and its end", async () => {
    assert.equal((await ask("two", "works")).answer, "works");
    assert.match((await ask("one", "fails")).error, /down/);
    await becomes("two", "open");
    assert.equal((await ask("two", "works")).code, "ERR_FAILFAST_OPEN");
    assert.deepEqual(await answer("two", "reset"), { stored: true });
    await becomes("one", "closed");
  });

  test("pushes the trip to a Durable Object", async () => {
    await answer("one", "agent/starts");
    assert.deepEqual(await answer("one", "agent/tells"), { state: "closed", told: [] });
    await answer("one", "trip");
    await until(
      async () => (await answer("one", "agent/tells")).state === "open",
      "the agent is told",
      5_000,
    );
    await answer("one", "reset");
    await until(
      async () => (await answer("one", "agent/tells")).state === "closed",
      "the agent is told",
      5_000,
    );
  });

  test("goes on pushing while the object hibernates, and again after its connections were cut", async () => {
    for (const webSockets of ["hibernate", "close"]) {
      await workers.unsafeEvictDurableObject("one", "FailfastDurableObject", {
        name: "failfast",
        webSockets,
      });
      await answer("one", "trip");
      await until(
        async () => (await answer("one", "agent/tells")).state === "open",
        "the agent is told",
        10_000,
      );
      await answer("one", "reset");
      await until(async () => (await answer("one", "agent/tells")).state === "closed", "and again", 10_000);
    }
  });

  test("keeps its records when the object is evicted", async () => {
    await answer("one", "trip");
    await workers.unsafeEvictDurableObject("one", "FailfastDurableObject", { name: "failfast" });
    await becomes("two", "open");
    await answer("two", "reset");
    await becomes("one", "closed");
  });

  test("sweeps expired records by the alarm, and has no alarm when nothing is stored", async () => {
    await answer("one", "sets/soon/1500");
    await answer("one", "sets/later/2500");
    assert.deepEqual(await answer("one", "stored"), { stored: 2, alarm: true });
    const becomes = (stored, alarm) =>
      until(
        async () => isDeepStrictEqual(await answer("one", "stored"), { stored, alarm }),
        `${stored} stored`,
        20_000,
      );
    await becomes(1, true);
    await becomes(0, false);
  });

  test("lets a guarded fetch trip in one worker and reject in another", async () => {
    backend = 503;
    assert.equal(await answer("one", "fetches"), 503);
    assert.equal(await answer("one", "fetches"), 503);
    assert.equal((await ask("one", "fetches")).code, "ERR_FAILFAST_OPEN");
    await until(
      async () => (await ask("two", "fetches")).code === "ERR_FAILFAST_OPEN",
      "in the other, too",
      20_000,
    );
    backend = 200;
  });

  test("serves the example: 503 with Retry-After once its backend has failed five times", async () => {
    const folder = copyOf("../../examples/workers");
    const config = readFileSync(join(folder, "wrangler.toml"), "utf8");
    const says = (pattern) => pattern.exec(config)?.[1];
    const className = says(/^class_name = "(.+)"/m);
    assert.equal(says(/^new_sqlite_classes = \["(.+)"\]/m), className);
    const example = new Miniflare({
      modules: true,
      compatibilityDate: says(/^compatibility_date = "(.+)"/m),
      script: await bundled(join(folder, says(/^main = "(.+)"/m))),
      bindings: { BACKEND: "http://backend.test" },
      durableObjects: {
        [says(/\[durable_objects\.bindings\]\]\nname = "(.+)"/)]: { className, useSQLite: true },
      },
      outboundService: () => new Response("down", { status: 500 }),
    });
    try {
      const answers = [];
      for (let call = 0; call < 6; call++)
        answers.push(await example.dispatchFetch("http://worker.test/invoices"));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [500, 500, 500, 500, 500, 503],
      );
      assert.equal(answers.at(-1).headers.get("Retry-After"), "30");
    } finally {
      await example.dispose();
    }
  });

  test("is refused on KV, with the reason, and on anything but a binding", async () => {
    assert.match(
      (await ask("one", "refuses/KV")).error,
      /got a KV namespace.*up to a minute later.*bind a Durable Object/s,
    );
    assert.match(
      (await ask("one", "refuses/NONE")).error,
      /got undefined \(is it bound under another name\?\)/,
    );
  });

  test("pushes only to Durable Objects", async () => {
    assert.match(
      (await ask("one", "refuses/FAILFAST/true")).error,
      /its this\.ctx: in a worker connections end/,
    );
  });

  test("reports an object of another class, or without SQLite, with an error that says what to do", async () => {
    assert.match((await ask("one", "reads/AGENT")).error, /FailfastDurableObject/);
    assert.match((await ask("one", "reads/OLD")).error, /SQL is not enabled.*new_sqlite_classes/s);
  });
});

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createFailfast, memoryStore } from "failfast";
import { Miniflare, Response } from "miniflare";
import { until } from "../project.mjs";
import { bundled } from "./bundled.mjs";

// They wait for polls and open times: both at the same time.
describe("Cloudflare's workerd", { concurrency: true }, () => {
  for (const compatibilityFlags of [[], ["nodejs_compat"]])
    describe(`with ${compatibilityFlags.join() || "no flags"}`, { concurrency: 1 }, () => {
      let worker;
      let asked = 0;
      const store = memoryStore();
      const ask = async (path) => (await worker.dispatchFetch(`http://worker.test/${path}`)).json();

      before(async () => {
        worker = new Miniflare({
          modules: true,
          script: await bundled("worker.js"),
          compatibilityDate: "2026-04-01",
          compatibilityFlags,
          async outboundService(request) {
            if (!request.url.includes("store")) return new Response("fine");
            asked++;
            const { verb, args } = await request.json();
            return Response.json({ answer: store[verb](...args) });
          },
        });
        await worker.ready;
      });
      after(() => worker?.dispose());

      test("counts time-outs, although each request's timers end with it", async () => {
        for (let call = 0; call < 3; call++) {
          const { code } = await ask("local/hangs");
          assert.equal(code, "ERR_FAILFAST_TIMEOUT");
        }
        assert.equal((await ask("local/works")).code, "ERR_FAILFAST_OPEN");
      });

      test("lets the next call probe after the open time", async () => {
        await until(
          async () => (await ask("local/works")).state === "closed",
          () => "it is still open",
          50_000,
        );
      });

      test("gives each request's block its own signal, at once and one after the other", async () => {
        for (let round = 0; round < 3; round++) {
          const calls = Array.from({ length: 5 }, () => ask("plain/fetches"));
          for (const { answer, error } of await Promise.all(calls)) assert.equal(answer, "fine", error);
        }
      });

      test("serves requests at once that wait for the store", async () => {
        for (let round = 0; round < 3; round++) {
          const calls = Array.from({ length: 5 }, () => ask("plain/awaits"));
          for (const { answer, error } of await Promise.all(calls)) assert.equal(answer, "fine", error);
        }
      });

      test("polls the store again in later requests, whatever became of the earlier read", async () => {
        assert.equal((await ask("shared/works")).answer, "works");
        const elsewhere = createFailfast({ store });
        await elsewhere("sales_api", "1h").trip();
        const before = asked;
        await until(
          async () => (await ask("shared/settled")).state === "open",
          () => `asked ${asked - before} times`,
          50_000,
        );
        await elsewhere("sales_api").reset();
        await until(
          async () => (await ask("shared/settled")).state === "closed",
          () => `asked ${asked - before} times`,
          50_000,
        );
        await elsewhere.close();
      });

      test("shares a failure with the fleet", async () => {
        const elsewhere = createFailfast({ store });
        const salesApi = elsewhere("sales_api", "1h");
        await elsewhere.ready();
        assert.equal(salesApi.state, "closed");
        await ask("shared/fails");
        await until(
          async () => (await ask("shared/settled")) && salesApi.state === "open",
          "it is open elsewhere, too",
          50_000,
        );
        await elsewhere.close();
      });
    });
});

import { Redis } from "@upstash/redis/cloudflare";
import { createFailfast } from "failfast";
import { storeContract } from "failfast/testing";
import { upstashStore } from "failfast/upstash";

const settings = {
  url: "http://upstash.test",
  token: "secret",
  retry: false,
  signal: () => AbortSignal.timeout(5_000),
};
const contract = storeContract(() => upstashStore(new Redis(settings)), { verbs: ["swap", "list"] });
const failfast = createFailfast({ store: upstashStore(new Redis(settings)) });
const salesApi = failfast("sales_api", "1h");

export default {
  async fetch(request, _env, context) {
    const [, name, index] = new URL(request.url).pathname.split("/");
    if (name === "contract") return Response.json(contract.map((each) => each.name));
    try {
      if (name === "case") await contract[index].run();
      if (name === "fails") await salesApi.run(() => Promise.reject(new Error("down")));
      return Response.json({ state: salesApi.state });
    } catch (error) {
      return Response.json({ error: String(error), state: salesApi.state });
    } finally {
      context.waitUntil(failfast.ready().then(() => failfast.settled()));
    }
  },
};

// A worker whose circuit a Durable Object keeps; that object; and another kind of object with the same circuit.
import { env } from "cloudflare:workers";
import { createFailfast } from "failfast";
import { failfastFetch } from "failfast/fetch";
import { storeContract } from "failfast/testing";
import { durableObjectStore, FailfastDurableObject } from "failfast/workers";

export { FailfastDurableObject };

/** Returns what is stored, and when the alarm fires. */
export class Telling extends FailfastDurableObject {
  constructor(state) {
    super(state);
    this.storage = state.storage;
  }

  async fetch(request) {
    if (!request.url.endsWith("/stored")) return super.fetch(request);
    const rows = [...this.storage.sql.exec("SELECT name FROM failfast").raw()];
    return Response.json({ stored: rows.length, alarm: (await this.storage.getAlarm()) !== null });
  }
}

const failfast = createFailfast({ store: durableObjectStore(env.FAILFAST) });
const salesApi = failfast("sales_api", "1h");
const guarded = failfastFetch({ failfast, name: "host", timeout: "1h", consecutive: 2 });
const contract = storeContract(() => durableObjectStore(env.FAILFAST), { verbs: ["swap", "list"] });
const asked = {
  contract: () => contract.map(({ name }) => name),
  async case(index) {
    await contract[index].run();
    return {};
  },
  async fails() {
    return await salesApi.run(() => Promise.reject(new Error("down")));
  },
  works: () => salesApi.run(async () => "works"),
  trip: () => salesApi.trip(),
  reset: () => salesApi.reset(),
  async fetches() {
    return (await guarded("http://backend.test/")).status;
  },
  async sets(key, ttlMs) {
    await durableObjectStore(env.TELLING).set(key, "value", Number(ttlMs));
  },
  stored: async () =>
    (await env.TELLING.get(env.TELLING.idFromName("failfast")).fetch("http://telling/stored")).json(),
  refuses: (binding, push) => void durableObjectStore(env[binding], push && { push }),
  reads: (binding) => durableObjectStore(env[binding]).get("a"),
  agent: (verb, ...args) => env.AGENT.get(env.AGENT.idFromName("one"))[verb](...args),
};

/** `/works`: the outcome, and the circuit's state. */
export default {
  async fetch(request, _env, context) {
    const [, name, ...args] = new URL(request.url).pathname.split("/");
    try {
      const answer = (await asked[name](...args)) ?? null;
      return Response.json({ answer, state: salesApi.state });
    } catch (error) {
      return Response.json({ error: String(error), code: error.code, state: salesApi.state });
    } finally {
      context.waitUntil(failfast.ready().then(() => failfast.settled()));
    }
  },
};

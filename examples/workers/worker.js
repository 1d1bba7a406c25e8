// A Cloudflare Worker. A Durable Object keeps its circuits, for all isolates everywhere: `npm start`.
import { env } from "cloudflare:workers";
import { createFailfast, FailfastError } from "failfast";
import { failfastFetch } from "failfast/fetch";
import { durableObjectStore } from "failfast/workers";

export { FailfastDurableObject } from "failfast/workers";

const failfast = createFailfast({ store: durableObjectStore(env.FAILFAST) });
const backend = failfastFetch({ failfast, name: "billing_api", timeout: "30s" });

export default {
  async fetch(request, _env, context) {
    try {
      return await backend(new URL(new URL(request.url).pathname, env.BACKEND));
    } catch (error) {
      return error instanceof FailfastError ? error.toResponse() : new Response("no answer", { status: 502 });
    } finally {
      // After the answer: reads the shared state, if the last read is older than 2 s, and stores a change that this request caused.
      context.waitUntil(failfast.ready().then(() => failfast.settled()));
    }
  },
};

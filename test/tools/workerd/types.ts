// What TypeScript users write in a worker, with the types of Workers.
import { DurableObject } from "cloudflare:workers";
import { createFailfast, FailfastError } from "failfast";
import { failfastFetch } from "failfast/fetch";
import { durableObjectStore, FailfastDurableObject } from "failfast/workers";

export { FailfastDurableObject };

/** As `wrangler types` writes it. */
interface Env {
  FAILFAST: DurableObjectNamespace<FailfastDurableObject>;
  UNTYPED: DurableObjectNamespace;
  KV: KVNamespace;
}

export class Agent extends DurableObject<Env> {
  readonly failfast = createFailfast({ store: durableObjectStore(this.env.FAILFAST, { push: this.ctx }) });
}

export class Circuits extends FailfastDurableObject {}

export default {
  async fetch(request, env, context) {
    const failfast = createFailfast({ store: durableObjectStore(env.UNTYPED, { prefix: "billing" }) });
    durableObjectStore(env.FAILFAST.jurisdiction("eu"));
    // @ts-expect-error KV is refused
    durableObjectStore(env.KV);
    // @ts-expect-error a worker is no Durable Object
    durableObjectStore(env.FAILFAST, { push: context });
    const backend = failfastFetch({
      failfast,
      name: (url: URL, _method, { headers }) => url.host + headers.get("tenant"),
    });
    try {
      await backend(request, { signal: request.signal });
    } catch (error) {
      if (error instanceof FailfastError) return error.toResponse();
    }
    return await failfast("sales_api", 60).run((signal) => fetch(request, { signal }));
  },
} satisfies ExportedHandler<Env>;

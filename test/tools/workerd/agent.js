// A Durable Object that lives on between requests, and gets trips by push.
import { DurableObject } from "cloudflare:workers";
import { createFailfast } from "failfast";
import { storeContract } from "failfast/testing";
import { durableObjectStore } from "failfast/workers";

export class Agent extends DurableObject {
  #told = [];
  #failfast = createFailfast({ store: durableObjectStore(this.env.FAILFAST, { push: this.ctx }) });
  #salesApi = this.#failfast("sales_api", "1h");
  #contract = storeContract(() =>
    durableObjectStore(this.env.FAILFAST, { prefix: "contract", push: this.ctx }),
  );

  fetch() {
    return new Response("nothing here", { status: 404 });
  }

  contract() {
    return this.#contract.map(({ name }) => name);
  }

  async case(index) {
    await this.#contract[index].run();
    return {};
  }

  async starts() {
    for (const type of ["open", "close"]) this.#failfast.on(type, () => this.#told.push(type));
    await this.#failfast.ready();
  }

  tells() {
    return { state: this.#salesApi.state, told: this.#told };
  }
}

export default { fetch: () => new Response("nothing here") };

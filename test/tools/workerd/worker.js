import { createFailfast, failfast } from "failfast";

/** A store over HTTP, as far as it is needed: the server returns the verb's answer as JSON. */
const store = Object.fromEntries(
  ["get", "set", "delete", "swap", "list"].map((verb) => [
    verb,
    async (...args) => {
      const response = await fetch("http://store.test/", {
        method: "POST",
        body: JSON.stringify({ verb, args }),
      });
      return (await response.json()).answer;
    },
  ]),
);

const elsewhere = createFailfast({ store });
elsewhere("ready_api", "1h");
const plain = failfast("plain_api", 60, { threshold: 100 });
const local = failfast("sales_api", "5s", { threshold: 3, callTimeout: "1s" });
const shared = createFailfast({ store })("sales_api", "1h");
const backends = {
  works: async () => "works",
  fails: () => Promise.reject(new Error("down")),
  hangs: () => new Promise(() => {}),
  fetches: async (signal) => (await fetch("http://backend.test/", { signal })).text(),
  awaits: async (signal) => {
    await elsewhere.ready();
    return backends.fetches(signal);
  },
};

export default {
  /** `/local/hangs`: one call through a circuit to a backend that hangs. */
  async fetch(request, _env, context) {
    const [, which, backend] = new URL(request.url).pathname.split("/");
    const circuit = { local, plain, shared }[which];
    if (backend === "settled") {
      // A read of the store ends with the request that began it, unless the request waits for something.
      await circuit.run(() => fetch("http://backend.test/")).catch(() => {});
      context.waitUntil(new Promise((turn) => setTimeout(turn, 3_000)));
    }
    try {
      const answer = await circuit.run(backends[backend] ?? backends.works);
      return Response.json({ answer, state: circuit.state });
    } catch (error) {
      return Response.json({ error: String(error), code: error.code, state: circuit.state });
    }
  },
};

// A tenant's limit stops only that tenant; an outage of the API stops all of them.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { failfastFetch } from "failfast/fetch";

// An outage stops all calls, with any key.
const shared = failfastFetch({ name: "billing_api", threshold: 1, results: ({ status }) => status >= 500 });

// A limit stops one key. The name goes into the store and into logs, so it contains a mark of the key, and not the key.
const markOf = (key) => createHash("sha256").update(String(key)).digest("hex").slice(0, 12);
const fetch = failfastFetch({
  fetch: shared,
  name: (_url, _method, { headers }) => `billing_api:${markOf(headers.get("authorization"))}`,
  threshold: 1,
  results: ({ status }) => status === 429,
  exceptions: () => false,
});

let down = false;
const server = createServer(({ headers }, response) => {
  if (down) response.writeHead(500).end();
  else if (headers.authorization === "ann") response.writeHead(429, { "Retry-After": "60" }).end();
  else response.end();
}).listen(0, "127.0.0.1");
await new Promise((listening) => server.once("listening", listening));
const url = `http://127.0.0.1:${server.address().port}/`;
const ask = async (tenant) => {
  const answer = await fetch(url, { headers: { authorization: tenant } }).catch((error) => error);
  console.log(tenant, answer.status, answer.circuit?.replace(/:.*/, " of the tenant") ?? "");
};

await ask("ann"); // 429: the limit of ann's key
await ask("ann"); // rejected by her own circuit
await ask("bob"); // 200
down = true;
await ask("bob"); // 500: an outage
await ask("cleo"); // rejected by the shared circuit
server.close();

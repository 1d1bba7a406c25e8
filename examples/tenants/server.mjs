import { createServer } from "node:http";
import { createFailfast, isFailfastError } from "failfast";

const failfast = createFailfast();
const ofTenant = failfast((tenant) => `tenant:${tenant}`, "30s", {
  consecutive: 3,
  callTimeout: "2s",
  results: (response) => response.status >= 500,
  maxCircuits: 10_000,
});
const ask = ofTenant(async (tenant, path) => fetch(`${process.env.BACKENDS}/${tenant}/${path}`));

const server = createServer(async ({ url }, response) => {
  const [, tenant, path = ""] = url.split("/");
  if (tenant === "circuits") return void response.end(JSON.stringify(states()));
  try {
    const answer = await ask(tenant, path);
    response.writeHead(answer.ok ? 200 : 502).end(await answer.text());
  } catch (error) {
    if (isFailfastError(error)) response.writeHead(503, { "Retry-After": String(error.retryAfter) }).end();
    else response.writeHead(504).end();
  }
});
server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening at http://localhost:${server.address().port}`);
});
process.once("SIGTERM", () => server.close());

function states() {
  return Object.fromEntries([...failfast.circuits()].map(({ name, state }) => [name, state]));
}

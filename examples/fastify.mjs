// After a failure the route is not called for a while: its clients get 503 with Retry-After at once.
import { failfastPlugin, guard } from "failfast/fastify";
import fastify from "fastify";

const app = fastify();
await app.register(failfastPlugin, { timeout: "30s", threshold: 1 }); // a circuit for each route, named by its pattern
app.get("/invoices/:customer", async (request) => {
  throw new Error(`the invoices of ${request.params.customer} can't be read`);
});
// Or for one route, with its own settings.
app.get(
  "/orders",
  { ...guard("orders", "10s", { callTimeout: "2s" }), config: { failfast: false } },
  () => "orders",
);

for (const url of ["/invoices/ann", "/invoices/bob", "/orders"]) {
  const { statusCode, headers, body } = await app.inject(url);
  console.log(statusCode, headers["retry-after"] ?? null, body);
}
await app.close();

import express from "express";
import { createFailfast } from "failfast";
import { dashboard, toNodeListener } from "failfast/dashboard";
import { failfastFetch } from "failfast/fetch";
import { logTo } from "failfast/log";
import { prometheusMetrics } from "failfast/prometheus";
import { redisStore } from "failfast/redis";
import { createClient } from "redis";

const client = createClient({ url: process.env.REDIS_URL }).on("error", () => {});
await client.connect();
const failfast = createFailfast({ store: redisStore(client, { prefix: "shop" }), timeout: "30s" });
logTo(failfast, { info: log, warn: log });
const metrics = prometheusMetrics(failfast);
const page = dashboard({ failfast, basePath: "/circuits" }); // read-only; `authorize` says who may act
const salesApi = failfastFetch({ failfast, name: "sales_api", callTimeout: "3s" });

const app = express();
app.get("/invoices/:customer", async (request, response) => {
  const answer = await salesApi(`${process.env.SALES_API}/invoices/${request.params.customer}`);
  response.status(answer.ok ? 200 : 502).json({ answered: answer.status });
});
app.get("/metrics", (_, response) => response.type(metrics.contentType).send(metrics.text()));
app.use("/circuits", toNodeListener(page));

await failfast.ready();
const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening at http://localhost:${server.address().port}`);
});
process.once("SIGTERM", async () => {
  server.close();
  await page.close();
  await failfast.close();
  client.destroy();
});

function log({ circuit }, message) {
  console.log(circuit, message);
}

import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { invoicesOf, metrics } from "./sales.mjs";

const app = new Hono();
app.get("/invoices/:customer", async (context) =>
  context.json(await invoicesOf(context.req.param("customer"))),
);
app.get("/metrics", (context) => context.text(metrics.text(), 200, { "Content-Type": metrics.contentType }));

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 0), hostname: "127.0.0.1" }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`);
});

import express from "express";
import { invoicesOf, metrics } from "./sales.mjs";

const app = express();
app.get("/invoices/:customer", async (request, response) => {
  response.json(await invoicesOf(request.params.customer));
});
app.get("/metrics", (_, response) => response.type(metrics.contentType).send(metrics.text()));

const server = app.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

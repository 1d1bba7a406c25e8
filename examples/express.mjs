// After a failure the route is not called for a while: its clients get 503 with Retry-After at once.
import express from "express";
import { failfastErrors, guard } from "failfast/express";

const app = express();
app.get("/invoices/:customer", guard("invoices", "30s", { threshold: 1 }), async (request) => {
  throw new Error(`the invoices of ${request.params.customer} can't be read`);
});
app.use(failfastErrors());
app.use((_error, _request, response, _next) => response.status(500).send("an error page of the app"));

const server = app.listen(0, "127.0.0.1");
await new Promise((listening) => server.once("listening", listening));
for (const customer of ["ann", "bob"]) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/invoices/${customer}`);
  console.log(response.status, response.headers.get("Retry-After"), await response.text());
}
server.close();

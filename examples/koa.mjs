// After a failure the route is not called for a while: its clients get 503 with Retry-After at once.
import { guard } from "failfast/koa";
import Koa from "koa";

const app = new Koa();
app.silent = true;
app.use(guard("invoices", "30s", { callTimeout: "5s", threshold: 1 }));
app.use(async (context) => {
  throw new Error(`${context.path} can't be read`);
});

const server = app.listen(0, "127.0.0.1");
await new Promise((listening) => server.once("listening", listening));
for (const customer of ["ann", "bob"]) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/invoices/${customer}`);
  console.log(response.status, response.headers.get("Retry-After"), await response.text());
}
server.close();

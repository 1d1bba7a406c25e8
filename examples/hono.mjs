// After a failure the route is not called for a while: its clients get 503 with Retry-After at once.
import { guard } from "failfast/hono";
import { Hono } from "hono";

const app = new Hono();
app.onError((_, context) => context.text("an error page of the app", 500));
app.get(
  "/invoices/:customer",
  guard("invoices", "30s", { callTimeout: "5s", threshold: 1 }),
  async (context) => {
    throw new Error(`the invoices of ${context.req.param("customer")} can't be read`);
  },
);

for (const customer of ["ann", "bob"]) {
  const response = await app.request(`/invoices/${customer}`);
  console.log(response.status, response.headers.get("Retry-After"), await response.text());
}

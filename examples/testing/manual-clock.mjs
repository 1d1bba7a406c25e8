import assert from "node:assert/strict";
import { createFailfast, isFailfastError } from "failfast";
import { manualClock } from "failfast/testing";

// Code that takes its failfast as a parameter can be tested without fake timers, and shares nothing.
function makeSales(failfast, backend) {
  const salesApi = failfast("sales_api", 60);
  return { salesApi, invoices: salesApi(async (customer) => backend.invoices(customer)) };
}

const backend = {
  fails: true,
  async invoices() {
    if (this.fails) throw new Error("down");
    return ["an invoice"];
  },
};
const clock = manualClock();
const { salesApi, invoices } = makeSales(createFailfast({ clock }), backend);

await assert.rejects(invoices("ann"), /down/);
await assert.rejects(invoices("ann"), isFailfastError);
await clock.advance(60_000);
backend.fails = false;
assert.deepEqual(await invoices("ann"), ["an invoice"]);
assert.equal(salesApi.state, "closed");
console.log("open for a minute, closed by the first call after it");

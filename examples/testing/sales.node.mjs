import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { isFailfastError } from "failfast";
import { resetCircuits } from "failfast/testing";
import { invoices, salesApi } from "./sales.mjs";

const works = { invoices: async () => ["an invoice"] };
const down = {
  async invoices() {
    throw new Error("down");
  },
};

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
});
afterEach(async () => {
  mock.timers.reset();
  await resetCircuits();
});

test("a failure opens the circuit: the next call fails at once", async () => {
  await assert.rejects(invoices(down, "ann"), /down/);
  await assert.rejects(invoices(works, "ann"), isFailfastError);
});

test("a minute later one call tries, and closes it", async () => {
  await assert.rejects(invoices(down, "ann"), /down/);
  mock.timers.tick(60_000);
  assert.deepEqual(await invoices(works, "ann"), ["an invoice"]);
  assert.equal(salesApi.state, "closed");
});

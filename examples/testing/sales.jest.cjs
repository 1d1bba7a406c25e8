const { isFailfastError } = require("failfast");
const { resetCircuits } = require("failfast/testing");
const { invoices, salesApi } = require("./sales.cjs");

const backend = { invoices: jest.fn() };

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(async () => {
  jest.useRealTimers();
  jest.resetAllMocks();
  await resetCircuits();
});

test("a failure opens the circuit: the next call fails at once", async () => {
  backend.invoices.mockRejectedValue(new Error("down"));
  await expect(invoices(backend, "ann")).rejects.toThrow("down");
  const error = await invoices(backend, "ann").catch((thrown) => thrown);
  expect(isFailfastError(error)).toBe(true);
  expect(backend.invoices).toHaveBeenCalledTimes(1);
});

test("a minute later one call tries, and closes it", async () => {
  backend.invoices.mockRejectedValueOnce(new Error("down")).mockResolvedValue(["an invoice"]);
  await expect(invoices(backend, "ann")).rejects.toThrow("down");
  jest.advanceTimersByTime(60_000);
  expect(await invoices(backend, "ann")).toEqual(["an invoice"]);
  expect(salesApi.state).toBe("closed");
});

import { isFailfastError } from "failfast";
import { resetCircuits } from "failfast/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { invoices, salesApi } from "./sales.mjs";

const backend = { invoices: vi.fn() };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(async () => {
  vi.useRealTimers();
  vi.resetAllMocks();
  await resetCircuits();
});

test("a failure opens the circuit: the next call fails at once", async () => {
  backend.invoices.mockRejectedValue(new Error("down"));
  await expect(invoices(backend, "ann")).rejects.toThrow("down");
  const error = await invoices(backend, "ann").catch((thrown) => thrown);
  expect(isFailfastError(error)).toBe(true);
  expect(error).toMatchObject({ circuit: "sales_api", retryAfter: 60 });
  expect(backend.invoices).toHaveBeenCalledTimes(1);
});

test("a minute later one call tries, and closes it", async () => {
  backend.invoices.mockRejectedValueOnce(new Error("down")).mockResolvedValue(["an invoice"]);
  await expect(invoices(backend, "ann")).rejects.toThrow("down");
  vi.advanceTimersByTime(60_000);
  expect(await invoices(backend, "ann")).toEqual(["an invoice"]);
  expect(salesApi.state).toBe("closed");
});

test("a caller copes with an open circuit", async () => {
  await salesApi.hold("open");
  await expect(invoices(backend, "ann")).rejects.toSatisfy(isFailfastError);
  expect(backend.invoices).not.toHaveBeenCalled();
});

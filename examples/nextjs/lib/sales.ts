import { failfastFetch } from "failfast/fetch";

const guarded = failfastFetch({ name: "sales_api", timeout: "30s", consecutive: 3, callTimeout: "3s" });

/** Asks the sales API, not the cache of Next.js: an answer from a cache says nothing about the backend. */
export function invoicesOf(customer: string): Promise<Response> {
  return guarded(`${process.env["SALES_API"]}/invoices/${customer}`, { cache: "no-store" });
}

// What the service does, in every framework: it reads invoices from a sales API that may be down. Processes with
// the same STORE share their circuits, also across frameworks.
import { createFailfast } from "failfast";
import { failfastFetch } from "failfast/fetch";
import { fileStore } from "failfast/file";
import { prometheusMetrics } from "failfast/prometheus";

const { STORE, SALES_API } = process.env;

export const failfast = createFailfast({ store: fileStore(STORE) });
export const metrics = prometheusMetrics(failfast);

const fetch = failfastFetch({ failfast, name: "sales_api", timeout: "2s", callTimeout: "5s", threshold: 1 });

/** @throws {FailfastError} which every framework answers with 503 and `Retry-After`. */
export async function invoicesOf(customer) {
  const response = await fetch(`${SALES_API}/invoices/${encodeURIComponent(customer)}`);
  if (!response.ok) throw new Error(`the sales API answered ${response.status}`);
  return response.json();
}

await failfast.ready();

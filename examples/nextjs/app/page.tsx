import { FailfastError } from "failfast";
import type { ReactNode } from "react";
import { invoicesOf } from "../lib/sales";

export const dynamic = "force-dynamic";

/** The page is useful without the invoices: it says that they are missing, and does not wait for a backend that is down. */
export default async function Page(): Promise<ReactNode> {
  return <p>{await text()}</p>;
}

async function text(): Promise<string> {
  try {
    const answer = await invoicesOf("ann");
    return answer.ok ? await answer.text() : `the sales API answered ${answer.status}`;
  } catch (error) {
    if (error instanceof FailfastError) return "the invoices are back soon";
    return "the sales API gave no answer";
  }
}

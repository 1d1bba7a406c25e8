import { FailfastError } from "failfast";
import { invoicesOf } from "../../../../lib/sales";

export const dynamic = "force-dynamic";

export async function GET(
  _: Request,
  { params }: { params: Promise<{ customer: string }> },
): Promise<Response> {
  try {
    const answer = await invoicesOf((await params).customer);
    return Response.json({ answered: answer.status }, { status: answer.ok ? 200 : 502 });
  } catch (error) {
    // 503 with Retry-After. If it were thrown, Next.js would answer 500.
    return error instanceof FailfastError ? error.toResponse() : new Response("no answer", { status: 502 });
  }
}

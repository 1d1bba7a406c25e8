import { FailfastError, failfast, isFailfastError } from "failfast";
import { call, salesApi, slowApi } from "../../../lib/sales.js";

export const dynamic = "force-dynamic";

export async function GET(request) {
  const { searchParams } = new URL(request.url);
  if (searchParams.get("reset")) await Promise.all([salesApi.reset(), slowApi.reset()]);
  if (searchParams.get("throws")) {
    try {
      await salesApi.run(() => "works");
    } catch (error) {
      return Response.json(
        { own: error instanceof FailfastError, known: isFailfastError(error) },
        { status: error.status },
      );
    }
  }
  const ended = await call(salesApi, searchParams.get("backend"));
  const circuits = [...failfast.circuits()].map(({ name }) => name).sort();
  return Response.json({
    ended,
    state: salesApi.state,
    minutes: Math.round(salesApi.retryAfter / 60),
    circuits,
  });
}

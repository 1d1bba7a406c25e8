import { FailfastError, failfast } from "failfast";

export const runtime = "edge";
export const dynamic = "force-dynamic";

const edgeApi = failfast("edge_api", "1h");

export async function GET(request) {
  const fails = new URL(request.url).searchParams.has("fails");
  try {
    await edgeApi.run(() => (fails ? Promise.reject(new Error("down")) : "works"));
    return Response.json({ ended: "works" });
  } catch (error) {
    return error instanceof FailfastError ? error.toResponse() : Response.json({ ended: error.message });
  }
}

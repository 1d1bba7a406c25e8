import { FailfastError } from "failfast";
import { backend } from "../../../lib/backend.js";

export const dynamic = "force-dynamic";

export async function GET() {
  try {
    const response = await backend(process.env.BACKEND);
    return new Response(null, { status: response.status });
  } catch (error) {
    if (error instanceof FailfastError) return error.toResponse();
    throw error;
  }
}

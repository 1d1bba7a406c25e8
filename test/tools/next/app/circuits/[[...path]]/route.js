import { failfast } from "failfast";
import { dashboard } from "failfast/dashboard";

const page = dashboard({
  failfast,
  basePath: "/circuits",
  authorize: (request) => request.headers.get("x-user") ?? false,
});

export const GET = (request) => page(request);
export const POST = (request) => page(request);

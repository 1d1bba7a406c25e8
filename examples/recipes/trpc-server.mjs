import { isFailfastError } from "failfast";

/** A middleware for tRPC's server: it answers a rejection with 503. `TRPCError` is from `@trpc/server`. */
export const unavailable = (TRPCError) => async (options) => {
  const result = await options.next();
  if (result.ok || !isFailfastError(result.error)) return result;
  throw new TRPCError({
    code: "SERVICE_UNAVAILABLE",
    message: result.error.message,
    cause: result.error.cause,
  });
};

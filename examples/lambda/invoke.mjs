// It does what Lambda does: one instance, one event after another.
import { handler } from "./handler.mjs";

for (const customer of ["ann", "bob", "eve"]) {
  const { statusCode, headers } = await handler({ customer });
  console.log(customer, statusCode, headers?.["Retry-After"] === undefined ? "" : "with Retry-After");
}
process.exit();

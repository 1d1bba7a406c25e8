import { failfast } from "failfast";

// A MongoServerError is an answer, unless the driver itself would try again: no primary, a shutdown.
const RETRYABLE = ["RetryableWriteError", "RetryableReadError"];
const database = failfast("billing_database", "10s", {
  exceptions: (error) =>
    error.name !== "MongoServerError" || RETRYABLE.some((label) => error.hasErrorLabel(label)),
  callTimeout: "5s",
});

/** A repository whose methods are behind one circuit. */
export const invoicesIn = (collection) => ({
  find: database((customer) => collection.findOne({ customer })),
  add: database((customer) => collection.insertOne({ customer })),
});

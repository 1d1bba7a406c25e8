import { failfast } from "failfast";

// A MongoServerError is an answer, unless the driver itself would retry it: no primary, a shutdown.
const RETRYABLE = ["RetryableWriteError", "RetryableReadError"];
const database = failfast("billing_mongodb", "10s", {
  exceptions: (error) =>
    error.name !== "MongoServerError" || RETRYABLE.some((label) => error.hasErrorLabel(label)),
  // This process uses all connections of its pool: that is not the database's fault.
  ignore: (error) => error.name === "MongoWaitQueueTimeoutError",
});

/** For `new MongoClient(url, times)`: the longest waits for a server, for a connection of the pool, and for an answer. */
export const times = { serverSelectionTimeoutMS: 5_000, waitQueueTimeoutMS: 1_000, socketTimeoutMS: 5_000 };

/** A repository whose methods share one circuit. */
export const invoicesIn = (collection) => ({
  find: database((customer) => collection.findOne({ customer })),
  add: database((customer) => collection.insertOne({ customer })),
});

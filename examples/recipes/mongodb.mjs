import { failfast } from "failfast";

// A MongoServerError is an answer, unless the driver itself would try again: no primary, a shutdown.
const RETRYABLE = ["RetryableWriteError", "RetryableReadError"];
const database = failfast("billing_mongodb", "10s", {
  exceptions: (error) =>
    error.name !== "MongoServerError" || RETRYABLE.some((label) => error.hasErrorLabel(label)),
  // This process keeps all connections of its pool busy: that is not the database's fault.
  ignore: (error) => error.name === "MongoWaitQueueTimeoutError",
});

/** For `new MongoClient(url, times)`: how long a server, a connection of the pool, and an answer are waited for. */
export const times = { serverSelectionTimeoutMS: 5_000, waitQueueTimeoutMS: 1_000, socketTimeoutMS: 5_000 };

/** A repository whose methods are behind one circuit. */
export const invoicesIn = (collection) => ({
  find: database((customer) => collection.findOne({ customer })),
  add: database((customer) => collection.insertOne({ customer })),
});

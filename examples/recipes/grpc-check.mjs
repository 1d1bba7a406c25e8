import { failfast } from "failfast";

const SERVING = 1;

/** Asks `grpc.health.v1.Health` for the state of the whole server: an empty message, and one field in the answer. */
const isServing = (client, signal) =>
  new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      "/grpc.health.v1.Health/Check",
      () => Buffer.alloc(0),
      (answer) => answer[1] === SERVING,
      {},
      (error, serving) => (error ? reject(error) : resolve(serving)),
    );
    signal.addEventListener("abort", () => call.cancel());
  });

/** A circuit for the calls of a client of `@grpc/grpc-js`. */
export const circuitOf = (client, time = "30s") =>
  failfast("stock_service", time, { recovery: (signal) => isServing(client, signal) });

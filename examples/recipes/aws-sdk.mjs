import { failfast } from "failfast";

// A fault of the client's is an answer, unless it is that there were too many calls.
const isFailure = ({ name, $fault, $retryable }) =>
  name !== "AbortError" &&
  ($fault !== "client" || $retryable?.throttling === true || /Throttl|TooMany/.test(name));

/** A circuit around each call of a client of AWS SDK 3, its retries within; `{ step: "deserialize" }` is each attempt. */
export function guard(client, name) {
  const circuit = failfast(name, "30s", { exceptions: isFailure });
  client.middlewareStack.add((next) => (args) => circuit.run(() => next(args)), {
    step: "initialize",
    name: "failfast",
  });
  return client;
}

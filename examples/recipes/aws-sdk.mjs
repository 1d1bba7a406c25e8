import { failfast } from "failfast";

// A fault of the client's is an answer, unless it is that there were too many calls.
const isFailure = ({ name, $fault, $retryable }) =>
  $fault !== "client" || $retryable?.throttling === true || /Throttl|TooMany/.test(name);

/** A circuit around each call of a client of AWS SDK 3 that gives a promise, its retries within. */
export function guard(client, name) {
  const circuit = failfast(name, "30s", { exceptions: isFailure });
  const send = client.send.bind(client);
  // A caller that gives up is known by its signal, not by an error's name.
  client.send = (command, options = {}) =>
    circuit.run(() => send(command, options), { signal: options.abortSignal });
  return client;
}

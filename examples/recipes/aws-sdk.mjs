import { failfast } from "failfast";

// An error of the client is an answer, except for too many calls.
const isFailure = ({ name, $fault, $retryable }) =>
  $fault !== "client" || $retryable?.throttling === true || /Throttl|TooMany/.test(name);

/** A circuit around each call of a client of AWS SDK 3, with the SDK's retries inside. */
export function guard(client, name) {
  const circuit = failfast(name, "30s", { exceptions: isFailure });
  const send = client.send.bind(client);
  // A caller that gives up is recognised by its signal, not by the name of an error.
  client.send = (command, options = {}) =>
    circuit.run(() => send(command, options), { signal: options.abortSignal });
  return client;
}

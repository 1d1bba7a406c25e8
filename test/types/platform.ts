// Where the platform's types are there, the signal is theirs.
import { failfast } from "failfast";

const circuit = failfast("x", 60);

const response: Promise<Response> = circuit.run((signal) => fetch("http://127.0.0.1/", { signal }), {
  signal: AbortSignal.timeout(1_000),
});
const own: Promise<AbortSignal> = circuit.run((signal) => signal);
// @ts-expect-error: a controller is no signal
circuit.run(() => 1, { signal: new AbortController() });
void [response, own];

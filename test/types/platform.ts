// Where the platform's types are there, the signal is theirs.
import { failfast } from "failfast";

const circuit = failfast("x", 60);
const response: Promise<Response> = circuit.run((signal) => fetch("http://127.0.0.1/", { signal }), {
  signal: AbortSignal.timeout(1_000),
});
void response;

import type { Circuit } from "../api/circuit.js";
import type { Caller } from "../call/reported-call.js";

/** A tool with preliminary outputs, guarded to its end. */
export async function* streamedTool(
  circuit: Circuit,
  caller: Caller,
  open: (signal: unknown) => unknown,
  unavailable: (error: unknown) => unknown,
): AsyncGenerator<unknown, void, undefined> {
  try {
    yield* circuit.stream<unknown>((signal: unknown) => open(signal) as AsyncIterable<unknown>, {
      signal: caller as never,
    });
  } catch (error) {
    yield unavailable(error);
  }
}

/** The final output of a tool. If it gives several, the last one. */
export async function lastOf(output: unknown): Promise<unknown> {
  if (typeof output !== "object" || output === null || !(Symbol.asyncIterator in output)) return output;
  let last: unknown;
  for await (const each of output as AsyncIterable<unknown>) last = each;
  return last;
}

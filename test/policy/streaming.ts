import { createFailfast, type FailfastOptions } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";

/** A circuit for streams, which may be silent for 5 s. */
export function streaming(options: FailfastOptions = {}) {
  const clock = manualClock();
  const circuit = createFailfast({ clock })("llm", 60, { idleTimeout: "5s", ...options });
  return { clock, circuit };
}

/** A stream whose items the test gives. It counts how often it was ended. */
export function source() {
  let controller: ReadableStreamDefaultController<string> | undefined;
  const its = {
    cancelled: [] as unknown[],
    readable: new ReadableStream<string>(
      {
        start(given) {
          controller = given;
        },
        cancel(reason) {
          its.cancelled.push(reason);
        },
      },
      { highWaterMark: 0 },
    ),
    give: (item: string) => controller?.enqueue(item),
    end: () => controller?.close(),
  };
  return its;
}

/** What the call resolved to, or its error. */
export const outcome = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

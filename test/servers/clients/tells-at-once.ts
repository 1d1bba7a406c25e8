import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastFetch } from "../../../src/clients/fetch.js";
import { FailfastError, isFailfastError, TimeoutError } from "../../../src/index.js";
import { type Backend, json, outcome, startBackend } from "./backend.js";

let backend: Backend;

/** How a client makes a call of the backend. */
export type Call = (backend: Backend) => Promise<unknown>;

/** A `fetch` behind the circuits of the backend's `failfast`. */
export const guarded = ({ failfast }: Backend): typeof globalThis.fetch => failfastFetch({ failfast });

const fail = async (how: () => Promise<unknown>): Promise<void> => {
  await outcome(backend.failfast(backend.origin, "30s").run(how));
};
const throwing = (error: unknown) => async (): Promise<never> => {
  throw error;
};

/** The failure that opens the circuit before the client is used. */
const failures: Record<string, () => Promise<void>> = {
  "a network error": () =>
    fail(
      throwing(new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: "ECONNRESET" }) })),
    ),
  "a time-out": () => fail(throwing(new TimeoutError("the call took longer than 300 ms"))),
  "a time-out of a signal": () =>
    fail(throwing(new DOMException("The operation was aborted due to timeout", "TimeoutError"))),
  "a connection that times out": () =>
    fail(throwing(Object.assign(new Error("connect ETIMEDOUT"), { code: "ETIMEDOUT" }))),
  "an abort": () => fail(throwing(new DOMException("This operation was aborted", "AbortError"))),
  "an answer of 500": async () => {
    backend.handle = json(500, {});
    await failfastFetch({ failfast: backend.failfast })(backend.origin);
  },
  "an answer of 429 that says when to come back": async () => {
    backend.handle = (_, response) => void response.writeHead(429, { "Retry-After": "30" }).end("{}");
    await failfastFetch({ failfast: backend.failfast })(backend.origin);
  },
  "an operator": async () => {
    await backend.failfast(backend.origin, "30s").trip({ reason: "maintenance" });
  },
};

/** A client or helper that retries failed calls, and should not retry when a circuit rejects. */
export function tellsAtOnce(clients: Record<string, Call>): void {
  beforeEach(async () => {
    backend = await startBackend();
  });
  afterEach(() => backend.close());

  describe.each(Object.entries(clients))("a rejection through %s", (_, call) => {
    test.each(Object.entries(failures))("comes at once, and can be recognised, after %s", async (_, open) => {
      await open();
      const before = backend.requests;
      let rejections = 0;
      backend.failfast.on("reject", () => rejections++);
      const error = await outcome(call(backend));
      expect(isFailfastError(error)).toBe(true);
      expect(rejectionIn(error)).toMatchObject({ circuit: backend.origin, retryAfter: 30 });
      expect([rejections, backend.requests]).toEqual([1, before]);
    });
  });
}

/** The rejection, wherever the client has put it. */
function rejectionIn(error: unknown): FailfastError | undefined {
  if (error instanceof FailfastError || error === undefined) return error;
  return rejectionIn((error as Error).cause);
}

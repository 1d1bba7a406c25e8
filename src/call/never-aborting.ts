import { requestsApart } from "../runtime/platform.js";

let never: unknown;

/** A signal that never aborts, one for all: a controller for each call would cost more than the call. */
export function neverAborting(): unknown {
  if (never === undefined || requestsApart)
    never = new (
      globalThis as unknown as { AbortController: new () => { signal: unknown } }
    ).AbortController().signal;
  return never;
}

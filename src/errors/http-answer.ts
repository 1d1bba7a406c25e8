/** The platform's `Response`, if its types are known. */
export type WebResponse = typeof globalThis extends { Response: { prototype: infer R } } ? R : unknown;

/** The fields of an error that a web framework reads and answers with. */
interface Answerable {
  readonly message: string;
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly circuit?: string;
  readonly retryAfter?: number;
}

/** The problem document (RFC 9457) of an error that is answered with 503 or 504. */
export function problemOf({ status, message: detail, circuit, retryAfter }: Answerable): object {
  const title = status === 504 ? "Gateway Timeout" : "Service Unavailable";
  return { type: "about:blank", title, status, detail, circuit, retryAfter };
}

/** The answer to a web request: the error's status and headers, and its problem document. */
export function responseOf(error: Answerable): WebResponse {
  const { Response } = globalThis as unknown as {
    Response: new (body: string, init: { status: number; headers: Record<string, string> }) => WebResponse;
  };
  return new Response(JSON.stringify(problemOf(error)), {
    status: error.status,
    headers: { ...error.headers, "Content-Type": "application/problem+json", "Cache-Control": "no-store" },
  });
}

/**
 * Properties that are the same for all errors of a class, or that follow from others. They are computed when read, so
 * that an error that nobody reads costs nothing. An assigned value becomes the error's own.
 */
export function derive<E extends Error>(prototype: E, derived: Record<string, (error: E) => unknown>): void {
  for (const [key, read] of Object.entries(derived)) {
    Object.defineProperty(prototype, key, {
      configurable: true,
      get(this: E) {
        return read(this);
      },
      set(this: E, value: unknown) {
        Object.defineProperty(this, key, { value, writable: true, configurable: true });
      },
    });
  }
}

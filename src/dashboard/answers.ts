import type { ActionAnswer } from "./messages.js";

/** The headers of every answer: no other page may read, frame or guess it, and nobody stores it. */
const CLOSED: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store, no-transform",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

/** An answer that other sites can't use. */
export function answer(
  status: number,
  type: string,
  body: string | ReadableStream<Uint8Array> | null,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, { status, headers: { ...CLOSED, "Content-Type": type, ...headers } });
}

export function json(
  status: number,
  body: ActionAnswer | object,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return answer(status, "application/json", JSON.stringify(body), headers);
}

export const refuse = (
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): Response => json(status, { error }, headers);

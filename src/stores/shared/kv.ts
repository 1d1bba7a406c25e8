/** Whether it is a KV namespace of Cloudflare Workers. */
export function isKvNamespace(given: unknown): boolean {
  const { getWithMetadata, put } = Object(given) as Record<string, unknown>;
  return typeof getWithMetadata === "function" && typeof put === "function";
}

export const WHY_NOT_KV: string =
  "circuits can't be kept in one: a write to KV is seen elsewhere up to a minute later, a key takes one write a second, and nothing " +
  "compares before it writes, so that an open circuit would go unnoticed and come back after it was closed";

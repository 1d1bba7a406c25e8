import { isThenable } from "../sync/with-deadline.js";

/**
 * Whether a framework threw it to leave a function, and not because something failed: `redirect()`, `notFound()` and
 * the pauses of a rendering in Next.js; a redirect in React Router, SvelteKit or TanStack; a promise, for React's
 * `Suspense`.
 */
export function isControlFlow(thrown: unknown): boolean {
  if (typeof thrown !== "object" || thrown === null) return false;
  try {
    const { digest, message } = thrown as { digest?: unknown; message?: unknown };
    if (digest !== undefined) return OF_NEXT.test(String(digest));
    // It is an error.
    if (message !== undefined) return false;
    const { status, isNotFound } = thrown as { status?: unknown; isNotFound?: unknown };
    // A failed request of jQuery is a promise, too, with the status of its answer.
    if (typeof status === "number") return status >= 300 && status < 400 && hasTarget(thrown);
    return isNotFound === true || isThenable(thrown);
  } catch {
    return false;
  }
}

/** The digest of any other error is a number. */
const OF_NEXT = /^(NEXT_|DYNAMIC_SERVER_USAGE|BAILOUT_TO_CLIENT|HANGING_PROMISE)/;

/** A redirect says where to: in a field, in a header, or in TanStack's options. */
function hasTarget(thrown: object): boolean {
  const { location, options, headers } = thrown as {
    location?: unknown;
    options?: unknown;
    headers?: { get?(name: string): unknown };
  };
  return (location ?? options ?? headers?.get?.("location") ?? undefined) !== undefined;
}

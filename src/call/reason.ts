const IDENTIFIER = /^[A-Za-z_$][\w$]{0,63}$/;

/**
 * What the whole fleet may learn about a failure: its name and code. Its message is included only on request, since
 * messages can contain data of the call.
 */
export function reasonOf(error: unknown, share: boolean): string {
  try {
    return describe(error, share);
  } catch {
    // What was thrown can't be read. It still reaches the caller unchanged.
    return "Error";
  }
}

function describe(error: unknown, share: boolean): string {
  if (typeof error !== "object" || error === null) return share ? String(error) : typeof error;
  const { name, code, message } = error as { name?: unknown; code?: unknown; message?: unknown };
  const kind = typeof name === "string" && IDENTIFIER.test(name) ? name : "Error";
  const which = typeof code === "string" && /^[A-Z][A-Z0-9_]{1,63}$/.test(code) ? ` ${code}` : "";
  return `${kind}${which}${share ? `: ${String(message)}` : ""}`;
}

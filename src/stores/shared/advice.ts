/** Adds to a database's error what to do about it, by its code. Other errors are unchanged. */
export function withAdvice(error: unknown, advice: Readonly<Record<string, string>>): unknown {
  const { code, errno, message } = (error ?? {}) as { code?: unknown; errno?: unknown; message?: unknown };
  const text = advice[String(errno ?? code)];
  if (text === undefined) return error;
  return Object.assign(new Error(`${message}: ${text}`, { cause: error }), { code });
}

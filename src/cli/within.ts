/** How long an answer may take, in ms. */
export const ANSWERS_WITHIN = 5_000;

/** The store hangs. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

/** The answer, or a `NoAnswerError` if it takes too long. */
export function within<T>(ask: () => T | PromiseLike<T>): Promise<Awaited<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new NoAnswerError(`no answer within ${ANSWERS_WITHIN} ms`)),
      ANSWERS_WITHIN,
    );
  });
  return Promise.race([(async () => ask())(), late]).finally(() => clearTimeout(timer));
}

/** What a thrown value may have. Any of it may be missing, or have another type. */
export interface Cause {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly [field: string]: unknown;
}

/** At most this many errors are examined: each may wrap another, and a list may contain itself. */
const MOST = 32;

interface Search<T> {
  readonly find: (cause: Cause) => T | undefined;
  readonly join: ((found: readonly (T | undefined)[]) => T | undefined) | undefined;
  readonly part: ((each: unknown) => T | undefined) | undefined;
  seen: Set<unknown> | undefined;
}

/**
 * Searches an error and what is behind it: its `cause`, and the `errors` of an `AggregateError`. It skips errors seen
 * before, and those that can't be read (a getter that throws, a revoked proxy).
 *
 * @param find looks at one error; returns `undefined` if it doesn't have what is searched for.
 * @param join judges an error that contains several others by the results for those, instead of by itself. It returns
 *   `undefined` if they decide nothing: then the error itself and its `cause` are searched.
 * @param part judges each error in a list of errors, before it is searched.
 * @returns the first result, from the outside in.
 */
export function walkCauses<T>(
  error: unknown,
  find: (cause: Cause) => T | undefined,
  join?: (found: readonly (T | undefined)[]) => T | undefined,
  part?: (each: unknown) => T | undefined,
): T | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  try {
    // Most errors have nothing behind them.
    const { errors, cause } = error as { errors?: unknown; cause?: unknown };
    if (errors === undefined && cause === undefined) return find(error as Cause);
  } catch {
    // Read field by field.
  }
  return look(error, { find, join, part, seen: undefined });
}

function look<T>(link: unknown, search: Search<T>): T | undefined {
  if (typeof link !== "object" || link === null) return undefined;
  if (search.seen !== undefined && (search.seen.has(link) || search.seen.size === MOST)) return undefined;
  const { find, join } = search;
  const errors = read(link, errorsOf);
  const together = errors !== undefined && join !== undefined;
  const own = together ? undefined : read(link, find);
  if (own !== undefined) return own;
  const cause = read(link, causeOf);
  if (errors === undefined && cause === undefined) return undefined;
  search.seen = (search.seen ?? new Set()).add(link);
  if (errors !== undefined) {
    const found = lookAtAll(link, errors, search);
    const joined = join === undefined ? found.find((each) => each !== undefined) : join(found);
    if (joined !== undefined) return joined;
  }
  return (together ? read(link, find) : undefined) ?? look(cause, search);
}

function lookAtAll<T>(
  link: object,
  errors: readonly unknown[],
  search: Search<T>,
): readonly (T | undefined)[] {
  const part = search.part !== undefined && isOfErrors(link, errors) ? search.part : undefined;
  const found: (T | undefined)[] = [];
  for (const each of errors)
    if (search.seen?.has(each) !== true) found.push(part?.(each) ?? look(each, search));
  return found;
}

/** Whether it is an `AggregateError`, or has nothing but errors in its list. Answers of servers have other lists. */
const isOfErrors = (link: object, errors: readonly unknown[]): boolean =>
  read(link, ({ name }) => name === "AggregateError" || link instanceof AggregateError) === true ||
  errors.every((each) => isError(each));

/** Of any realm. */
const isError = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  read(value, () => value instanceof Error || /Error\]$/.test(Object.prototype.toString.call(value))) ===
    true;

function read<T>(link: object, get: (link: Cause) => T): T | undefined {
  try {
    return get(link as Cause);
  } catch {
    return undefined;
  }
}

const causeOf = (link: Cause): unknown => link["cause"];

function errorsOf(link: Cause): readonly unknown[] | undefined {
  const { errors } = link as { errors?: unknown };
  return Array.isArray(errors) && errors.length > 0 ? errors.slice(0, MOST) : undefined;
}

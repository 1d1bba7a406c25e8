/** Thrown by a case of the store contract if a store breaks it. */
export class StoreContractError extends Error {
  override readonly name = "StoreContractError";
  readonly code = "ERR_FAILFAST_STORE_CONTRACT";
  /** The method that is at fault: `get`, `set`, `delete`, `swap`, `list` or `watch`. */
  readonly verb: string;
  readonly expected: string;
  readonly got: string;

  constructor(verb: string, expected: string, got: string, options?: ErrorOptions) {
    super(`${verb}: expected ${expected}, got ${got}`, options);
    this.verb = verb;
    this.expected = expected;
    this.got = got;
  }
}

const LONGEST_SHOWN = 80;

/** A value for a message: cut, since some have 100 kB. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const text = typeof value === "object" || typeof value === "string" ? json(value) : String(value);
  return text.length <= LONGEST_SHOWN
    ? text
    : `${text.slice(0, LONGEST_SHOWN)}… (${text.length} characters in all)`;
}

/** A driver may return anything: an object with a cycle, or big integers. */
function json(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/**
 * Throws unless both are the same string, number, boolean or `null`. `when` names the situation, as the end of
 * "expected …".
 */
export function same(verb: string, got: unknown, expected: unknown, when: string): void {
  if (got === expected) return;
  const difference =
    typeof got === "string" &&
    typeof expected === "string" &&
    Math.max(got.length, expected.length) > LONGEST_SHOWN
      ? `, which differs from character ${firstDifference(got, expected)} on`
      : "";
  throw new StoreContractError(verb, `${show(expected)} ${when}`, show(got) + difference);
}

function firstDifference(one: string, other: string): number {
  let at = 0;
  while (one[at] === other[at]) at += 1;
  return at;
}

/** An item's attributes, by name. */
export type Item = Readonly<Record<string, unknown>>;

/** DynamoDB's answer to a conditional write if the condition is not met. */
interface Refusal {
  /** The stored item, if that was requested and there is one. */
  readonly Item?: Item;
}

export function isRefusal(error: unknown): error is Refusal {
  return (error as { name?: unknown } | null)?.name === "ConditionalCheckFailedException";
}

/** The value of an item that has not expired; `null` for an expired one, and for one this store never wrote. */
export function live(item: Item | undefined, now: number): string | null {
  const value = plain(item?.["value"]);
  // A client may be configured to return numbers as bigints, or as objects that contain their digits.
  return typeof value === "string" && Number(plain(item?.["expires"])) > now ? value : null;
}

/** The item in a refusal has DynamoDB's own format, even if the client unmarshalls all others. */
function plain(attribute: unknown): unknown {
  if (typeof attribute !== "object" || attribute === null) return attribute;
  const { S, N } = attribute as { S?: unknown; N?: unknown };
  return S ?? N ?? attribute;
}

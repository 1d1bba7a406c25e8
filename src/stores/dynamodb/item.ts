/** An item's attributes, by name. */
export type Item = Readonly<Record<string, unknown>>;

/** DynamoDB's answer to a conditional write whose condition doesn't hold. */
interface Refusal {
  /** What is stored, where that was asked for and there is anything. */
  readonly Item?: Item;
}

export function isRefusal(error: unknown): error is Refusal {
  return (error as { name?: unknown } | null)?.name === "ConditionalCheckFailedException";
}

/** The value of an item that has not expired; `null` for one that has, and for one this store never wrote. */
export function live(item: Item | undefined, now: number): string | null {
  const value = plain(item?.["value"]);
  // A client may have been told to give numbers as bigints, or as objects that hold their digits.
  return typeof value === "string" && Number(plain(item?.["expires"])) > now ? value : null;
}

/** The item of a refusal comes as DynamoDB spells it, even where the client unmarshalls all others. */
function plain(attribute: unknown): unknown {
  if (typeof attribute !== "object" || attribute === null) return attribute;
  const { S, N } = attribute as { S?: unknown; N?: unknown };
  return S ?? N ?? attribute;
}

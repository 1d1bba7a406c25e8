import { rejectionIn } from "../errors/failfast-error.js";

export interface BatchOptions<Record> {
  /**
   * Called for a message that a circuit rejects, with the whole seconds until that may be called: to change the message's
   * visibility, say, so that it isn't received in vain until then. Default: nothing.
   */
  readonly delay?: (record: Record, seconds: number) => unknown;
}

/** Which messages are to come again. */
export interface BatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** What is used of a record of SQS, Kinesis or DynamoDB. */
interface BatchRecord {
  readonly messageId?: string;
  readonly attributes?: { readonly MessageGroupId?: string };
  readonly eventSourceARN?: string;
  readonly kinesis?: { readonly sequenceNumber: string };
  readonly dynamodb?: { readonly SequenceNumber?: string };
}

/** Longer than a day is asked of nobody. SQS takes 12 h at most. */
const LONGEST_SECONDS = 43_200;

export async function handleBatch<Record extends object>(
  records: readonly Record[],
  handle: (record: Record) => Promise<unknown>,
  delay: BatchOptions<Record>["delay"],
): Promise<BatchResponse> {
  const again = new Set<string>();
  const batchItemFailures: BatchResponse["batchItemFailures"] = [];
  for (const record of records) {
    const { id, order } = identify(record as BatchRecord);
    let failed = order !== undefined && again.has(order);
    if (!failed) {
      try {
        await handle(record);
      } catch (error) {
        failed = true;
        const rejection = rejectionIn(error);
        if (rejection !== undefined && delay !== undefined)
          await postpone(() => delay(record, Math.min(rejection.retryAfter, LONGEST_SECONDS)));
      }
    }
    if (!failed) continue;
    if (order !== undefined) again.add(order);
    batchItemFailures.push({ itemIdentifier: id });
  }
  return { batchItemFailures };
}

/** A message that can't be delayed comes again as ever. */
async function postpone(delay: () => unknown): Promise<void> {
  try {
    await delay();
  } catch {
    // It stays as it was.
  }
}

/** Its name in the answer, and what it is to be in order with. */
function identify({ messageId, attributes, eventSourceARN = "", kinesis, dynamodb }: BatchRecord): {
  readonly id: string;
  readonly order: string | undefined;
} {
  const sequence = kinesis?.sequenceNumber ?? dynamodb?.SequenceNumber;
  if (sequence !== undefined) return { id: sequence, order: "stream" };
  if (messageId === undefined)
    throw new TypeError(
      "failfastBatch takes records of SQS, Kinesis or DynamoDB; this one has no messageId and no sequence number",
    );
  // A queue that has groups without being FIFO is fair to them, and keeps no order.
  return { id: messageId, order: eventSourceARN.endsWith(".fifo") ? attributes?.MessageGroupId : undefined };
}

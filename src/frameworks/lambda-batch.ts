import { rejectionIn } from "../errors/failfast-error.js";

/** The options of `failfastBatch`. */
export interface BatchOptions<Record> {
  /**
   * Called for a message that a circuit rejects, with the whole seconds until calls may go through again. Use it, for
   * example, to change the message's visibility, so that it isn't received too early. Default: nothing.
   */
  readonly delay?: (record: Record, seconds: number) => unknown;
}

/** The messages that have to come again. */
export interface BatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** The part of a record of SQS, Kinesis or DynamoDB that is used. */
interface BatchRecord {
  readonly messageId?: string;
  readonly attributes?: { readonly MessageGroupId?: string };
  readonly eventSourceARN?: string;
  readonly kinesis?: { readonly sequenceNumber: string };
  readonly dynamodb?: { readonly SequenceNumber?: string };
}

/** No delay is longer than a day. SQS accepts at most 12 h. */
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

/** A message that can't be delayed comes again as usual. */
async function postpone(delay: () => unknown): Promise<void> {
  try {
    await delay();
  } catch {
    // Its visibility stays unchanged.
  }
}

/** Its name in the answer, and the group in which its order matters. */
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
  // A queue that has groups but is not FIFO uses them for fairness, and keeps no order.
  return { id: messageId, order: eventSourceARN.endsWith(".fifo") ? attributes?.MessageGroupId : undefined };
}

import { describeRejection, type FailfastErrorFields } from "../errors/failfast-error.js";
import { wholeSeconds } from "../errors/seconds.js";

/**
 * Keeps the latest rejection's message. A flood of rejections comes from one circuit within one second, and its message
 * shows whole seconds. So it is the same for every remaining time over `overMs` and up to `upToMs`.
 */
export class RejectionMessage {
  // Not `#latest`: for a rejection, reading that costs more than the rest of the comparison.
  private latest: Latest | undefined;

  of(fields: FailfastErrorFields): string {
    const { latest } = this;
    const { retryAfterMs } = fields;
    if (
      latest !== undefined &&
      retryAfterMs <= latest.upToMs &&
      retryAfterMs > latest.overMs &&
      fields.circuit === latest.circuit &&
      fields.state === latest.state &&
      fields.held === latest.held
    )
      return latest.text;
    this.latest = latestOf(fields);
    return this.latest.text;
  }
}

interface Latest extends Pick<FailfastErrorFields, "circuit" | "state" | "held"> {
  readonly overMs: number;
  readonly upToMs: number;
  readonly text: string;
}

function latestOf(fields: FailfastErrorFields): Latest {
  const { circuit, state, held } = fields;
  const seconds = wholeSeconds(fields.retryAfterMs);
  const upToMs = seconds * 1_000 + 1;
  // A remaining time of 0 is shown as one second, too.
  const overMs = seconds === 1 ? -1 : upToMs - 1_000;
  return { circuit, state, held, overMs, upToMs, text: describeRejection(fields, seconds) };
}

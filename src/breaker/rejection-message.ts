import { describeRejection, type FailfastErrorFields } from "../errors/failfast-error.js";
import { wholeSeconds } from "../errors/seconds.js";

/**
 * Keeps the latest rejection's message. A flood of rejections comes from one circuit within one second, and its message
 * shows whole seconds. So it is the same for every remaining time over `#overMs` and up to `#upToMs`.
 */
export class RejectionMessage {
  #fields: FailfastErrorFields | undefined;
  #overMs = 0;
  #upToMs = 0;
  #text = "";

  of(fields: FailfastErrorFields): string {
    const { retryAfterMs } = fields;
    const latest = this.#fields;
    if (
      retryAfterMs > this.#upToMs ||
      retryAfterMs <= this.#overMs ||
      fields.circuit !== latest?.circuit ||
      fields.state !== latest.state ||
      fields.held !== latest.held
    )
      this.#renew(fields);
    return this.#text;
  }

  #renew(fields: FailfastErrorFields): void {
    const seconds = wholeSeconds(fields.retryAfterMs);
    // A failure as its cause would stay in memory as long as this message.
    this.#fields = { ...fields, cause: undefined };
    this.#upToMs = seconds * 1_000 + 1;
    this.#overMs = seconds === 1 ? -1 : this.#upToMs - 1_000;
    this.#text = describeRejection(fields, seconds);
  }
}
